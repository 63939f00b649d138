var express = require('express');
var session = require('express-session');
var path = require('path');
var db = require('./db');
var secure = require('express-secure-api');

var guard = { mode: 'enforce', onDenied: secure.htmlOrProblem };

var app = express();

app.set('views', path.join(__dirname, 'views'));
app.set('view engine', 'ejs');

app.use(secure.secureApi({
  ...guard, oauthGuard: false, jsonBody: {}, formBody: { extended: true },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  secureHeaders: {
    preset: 'web', cookies: 'enforce', cors: { origins: 'https://club.test' }, crossOriginGuard: { always: '/login' },
    helmet: { contentSecurityPolicy: { directives: { styleSrc: ["'self'", "'unsafe-inline'"] } } }
  },
  rateLimit: { policies: [{ name: 'address', limit: 300, window: '1m' }, {
    name: 'account', limit: 10, window: '15m', match: 'POST /login', phase: 'after-body',
    key: (req) => req.body.email, count: (req, res) => res.statusCode === 401
  }] }
}));
app.use(express.urlencoded({ extended: true, limit: '50mb' }));
app.use(express.json({ limit: '50mb' }));
app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: true }));

app.use(function (req, res, next) {
  req.member = req.session.memberId ? db.members.findOne({ id: req.session.memberId }) : null;
  res.locals.member = req.member;
  next();
});

function loggedIn(req, res, next) {
  if (!req.member) return res.redirect('/login');
  next();
}

var caller = ({ memberId }, { member }) => member && { subject: memberId, roles: [member.role] };
app.use(secure.structuralGuard(guard), secure.session(caller, guard));
app.use('/admin', loggedIn, secure.requireRole('admin', guard));
var mine = ({ subject }, { params }) => ({ roles: db.messages.findOne({ id: params.id, to: subject }) ? ['me'] : [] });
app.use('/messages/:id', loggedIn, secure.enrichPrincipal(mine, guard), secure.requireRole('me', guard));
var text = { type: 'string', maxLength: 200 }, limit = { type: 'integer', minimum: 1, maximum: 100 };
var form = (fields) => secure.validate({
  ...guard, contentTypes: 'application/x-www-form-urlencoded', body: { type: 'object', properties: fields }
});
app.post('/login', form({ email: text, password: text }));
app.post('/profile', form({ name: text, city: text }));
app.get('/search', secure.validate({ ...guard, query: { type: 'object', properties: { q: text, limit } } }));

function merge(target, source) {
  for (var key in source) {
    if (source[key] && typeof source[key] === 'object') {
      if (!target[key]) target[key] = {};
      merge(target[key], source[key]);
    } else {
      target[key] = source[key];
    }
  }
  return target;
}

app.get('/', function (req, res) {
  res.render('home');
});

app.get('/login', function (req, res) {
  res.render('login', { error: null });
});

app.post('/login', function (req, res) {
  var member = db.members.findOne({ email: req.body.email, password: req.body.password });
  if (!member) {
    return res.status(401).render('login', { error: 'Wrong e-mail address or password.' });
  }
  req.session.memberId = member.id;
  res.redirect('/profile');
});

app.get('/logout', function (req, res) {
  req.session.destroy(function () {
    res.redirect('/');
  });
});

app.get('/profile', loggedIn, function (req, res) {
  res.render('profile');
});

app.post('/profile', loggedIn, function (req, res) {
  for (var field in req.body) {
    req.member[field] = req.body[field];
  }
  res.redirect('/profile');
});

// called by the script of the profile page
app.post('/profile/preferences', loggedIn, function (req, res) {
  res.json(merge(req.member.preferences, req.body));
});

app.get('/api/me', loggedIn, function (req, res) {
  res.json({ id: req.member.id, name: req.member.name, email: req.member.email, role: req.member.role });
});

app.get('/messages/:id', loggedIn, function (req, res, next) {
  var message = db.messages.findOne({ id: req.params.id });
  if (!message) return next();
  res.render('message', { message: message });
});

app.get('/search', loggedIn, function (req, res) {
  var q = req.query.q || '';
  var limit = req.query.limit || 20;
  var found = db.members.find({}).filter(function (member) {
    return member.name.toLowerCase().indexOf(q.toLowerCase()) !== -1;
  });
  res.render('search', { q: q, found: found.slice(0, limit) });
});

// The link to these pages is shown to admins only.
app.get('/admin', loggedIn, function (req, res) {
  res.render('admin', { members: db.members.find({}).slice(0, 50) });
});

app.post('/admin/members/:id/delete', loggedIn, function (req, res) {
  db.members.remove({ id: req.params.id });
  res.redirect('/admin');
});

app.use(function (req, res) {
  res.status(404).render('not-found');
});
app.use(secure.errorHandler({ html: true }));

module.exports = app;

if (require.main === module) {
  app.listen(process.env.PORT || 3000, '127.0.0.1', function () {
    console.log('listening');
  });
}
