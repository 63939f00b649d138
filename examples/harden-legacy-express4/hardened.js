var express = require('express');
var session = require('express-session');
var path = require('path');
var secure = require('express-secure-api');
var db = require('./db');

var guard = { mode: process.env.SECURITY_MODE === 'report' ? 'report' : 'enforce', onDenied: secure.htmlOrProblem };
var app = express();
app.set('views', path.join(__dirname, 'views'));
app.set('view engine', 'ejs');

app.use(session({ secret: process.env.SESSION_SECRET || crypto.randomUUID(), resave: false, saveUninitialized: false,
  cookie: { httpOnly: true, secure: 'auto', sameSite: 'lax' } }));
app.use(secure.secureApi({
  ...guard, oauthGuard: false, jsonBody: {}, formBody: {},
  auditLog: process.env.AUDIT_FILE ? { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE })] } : {},
  authenticate: secure.session(({ user }) => (user ? { subject: user.name } : null)),
  secureHeaders: { preset: 'web', crossOriginGuard: { always: ['POST /login'] } },
  publicRoutes: ['GET /login', 'POST /login', 'GET /assets/*'],
  rateLimit: { policies: [
    { limit: 300, window: '1m' }, { limit: 120, window: '1m', key: 'principal' },
    { limit: 30, window: '15m', match: 'POST /login' },
    { limit: 10, window: '15m', match: 'POST /login', phase: 'after-body', key: (req) => req.body.name }] }
}));
app.use(secure.enrichPrincipal(function (principal) {
  return db.findUser(principal.subject).then((user) => user && { roles: [user.role] });
}, guard));
app.use('/assets', express.static(path.join(__dirname, 'assets')));
app.use(express.json({ limit: '10mb' }));
app.use(express.urlencoded({ extended: true, limit: '10mb' }));

var text = { type: 'string', minLength: 1, maxLength: 200 };
function form(fields) {
  var body = { type: 'object', required: Object.keys(fields), properties: fields };
  return secure.validate({ ...guard, contentTypes: 'application/x-www-form-urlencoded', body: body });
}

app.use(function (req, res, next) {
  res.locals.user = req.session.user || null;
  next();
});

app.get('/login', function (req, res) {
  res.render('login', { failed: false });
});

app.post('/login', form({ name: text, password: text }), (req, res, next) => req.session.regenerate(next));
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
app.use(secure.authorize(secure.authenticated(), guard));
app.use('/admin', secure.requireRole('admin', guard));
app.post(/^\/invoices/i, form({ customer: text, amount: { type: 'string', pattern: '^[0-9]{1,7}$' } }));
app.use('/invoices', require('./routes/invoices'));
// Only admins see the link to this page.
app.use('/admin', require('./routes/admin'));
// Only the script of the invoices page asks for this.
app.use('/customers', require('./routes/customers'));

app.use(secure.notFound({ html: true }), secure.errorHandler({ html: true }));
module.exports = app;
