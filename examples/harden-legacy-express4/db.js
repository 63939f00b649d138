// The "database": in memory, but asynchronous, as a real one is. It is empty again after a restart.
var crypto = require('crypto');

var ROLES = ['clerk', 'admin'];
var users = new Map();
var customers = new Map([[1, { id: 1, name: 'Ada Ltd' }], [2, { id: 2, name: 'Grace Inc' }]]);
var invoices = [{ id: 1, customer: 'Ada Ltd', amount: '1200', paid: true }];

function hash(password, salt) {
  return new Promise(function (resolve, reject) {
    crypto.scrypt(password, salt, 32, function (error, key) {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function addUser(name, password, role) {
  var salt = crypto.randomBytes(16);
  users.set(name, { name: name, role: role, salt: salt, hash: crypto.scryptSync(password, salt, 32) });
}

// Accounts to try the app with. Never ship passwords in a source file.
addUser('root', 'open sesame', 'admin');
addUser('rita', 'orange boat', 'admin');
addUser('ben', 'battery staple', 'clerk');

var nobody = { salt: crypto.randomBytes(16), hash: crypto.randomBytes(32) };

/** The user, or null. It takes as long for a name that does not exist. */
exports.checkPassword = async function (name, password) {
  var user = users.get(name);
  var salted = user || nobody;
  var isRight = crypto.timingSafeEqual(await hash(password, salted.salt), salted.hash);
  return user && isRight ? user : null;
};

exports.findUser = async function (name) {
  var user = users.get(name);
  return user ? Object.assign({}, user) : null;
};

exports.listUsers = async function () {
  return Array.from(users.values());
};

exports.setRole = async function (name, role) {
  var user = users.get(name);
  if (user && ROLES.includes(role)) user.role = role;
};

exports.removeUser = async function (name) {
  users.delete(name);
};

exports.listCustomers = async function () {
  return Array.from(customers.values());
};

exports.findCustomer = async function (id) {
  return customers.get(Number(id)) || null;
};

exports.listInvoices = async function () {
  return invoices.slice();
};

exports.addInvoice = async function (invoice) {
  invoices.push(Object.assign({ id: invoices.length + 1, paid: false }, invoice));
};
