fetch('/customers').then(function (answer) {
  return answer.json();
}).then(function (customers) {
  customers.forEach(function (customer) {
    var option = document.createElement('option');
    option.value = customer.name;
    document.getElementById('customers').appendChild(option);
  });
});
