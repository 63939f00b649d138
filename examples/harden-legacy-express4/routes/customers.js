var express = require('express');

var router = express.Router();
var customers = { 1: { id: 1, name: 'Ada' }, 2: { id: 2, name: 'Grace' } };

router.get('/', function (req, res) {
  res.json(Object.values(customers));
});

router.get('/:id', function (req, res, next) {
  var customer = customers[req.params.id];
  if (!customer) return next();
  res.json(customer);
});

module.exports = router;
