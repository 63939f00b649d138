var express = require('express');
var db = require('../db');

var router = express.Router();

router.get('/', function (req, res, next) {
  db.listInvoices().then(function (invoices) {
    res.render('invoices', { invoices: invoices });
  }).catch(next);
});

router.post('/', function (req, res, next) {
  db.addInvoice(req.body).then(function () {
    res.redirect('/invoices');
  }).catch(next);
});

module.exports = router;
