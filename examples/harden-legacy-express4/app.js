var express = require('express');
var customers = require('./routes/customers');
var invoices = require('./routes/invoices');

var app = express();

app.use(express.json());
app.use(express.urlencoded({ extended: true }));

app.get('/ping', function (req, res) {
  res.send('pong');
});
app.use('/customers', customers);
app.use('/invoices', invoices);

app.use(function (req, res) {
  res.status(404).json({ error: 'not found' });
});

// The old error handler: whatever happens becomes a 500 with the message in it.
app.use(function (err, req, res, next) {
  res.status(500).json({ error: err.message });
});

module.exports = app;
