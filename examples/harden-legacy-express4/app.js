var express = require('express');
var session = require('express-session');
var path = require('path');
var db = require('./db');

var app = express();
app.set('views', path.join(__dirname, 'views'));
app.set('view engine', 'ejs');

app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: true }));
app.use('/assets', express.static(path.join(__dirname, 'assets')));
app.use(express.json({ limit: '10mb' }));
app.use(express.urlencoded({ extended: true, limit: '10mb' }));

app.use(function (req, res, next) {
  res.locals.user = req.session.user || null;
  next();
});

app.get('/login', function (req, res) {
  res.render('login', { failed: false });
});

app.post('/login', function (req, res, next) {
  db.checkPassword(req.body.name, req.body.password).then(function (user) {
    if (!user) return res.status(401).render('login', { failed: true });
    req.session.user = { name: user.name, role: user.role };
    res.redirect('/invoices');
  }).catch(next);
});

app.post('/logout', function (req, res, next) {
  req.session.destroy(function (error) {
    if (error) return next(error);
    res.redirect('/login');
  });
});

app.get('/', function (req, res) {
  res.redirect('/invoices');
});

function loggedIn(req, res, next) {
  if (!req.session.user) return res.redirect('/login');
  next();
}

app.use(['/invoices', '/admin'], loggedIn);
app.use('/invoices', require('./routes/invoices'));
// Only admins see the link to this page.
app.use('/admin', require('./routes/admin'));
// Only the script of the invoices page asks for this.
app.use('/customers', require('./routes/customers'));

module.exports = app;
