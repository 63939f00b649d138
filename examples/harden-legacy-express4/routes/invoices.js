var express = require('express');

var router = express.Router();
var invoices = [];

router.get('/', function (req, res) {
  res.json(invoices);
});

router.post('/', function (req, res) {
  var invoice = { id: invoices.length + 1, customer: req.body.customer, amount: req.body.amount };
  invoices.push(invoice);
  res.status(201).json(invoice);
});

module.exports = router;
