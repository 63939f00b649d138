// JSON, for the script of the invoices page.
var express = require('express');
var db = require('../db');

var router = express.Router();

router.get('/', function (req, res, next) {
  db.listCustomers().then(function (customers) {
    res.json(customers);
  }).catch(next);
});

router.get('/:id', function (req, res, next) {
  db.findCustomer(req.params.id).then(function (customer) {
    if (!customer) return next();
    res.json(customer);
  }).catch(next);
});

module.exports = router;
