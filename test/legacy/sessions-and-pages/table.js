var express = require('express');
var session = require('express-session');
var secure = require('express-secure-api');
var db = require('./db');

function onDenied(error, req, res, next) {
  if (error.code === 'authentication_required' && req.method === 'GET') return res.redirect('/login');
  return secure.htmlOrProblem(error, req, res, next);
}

function caller(data) {
  var member = db.members.findOne({ id: data.memberId });
  return member && { subject: member.id, roles: [member.role] };
}

var text = { type: 'string', maxLength: 200 };
var limit = { type: 'integer', minimum: 1, maximum: 100 };
function form(fields) {
  return { contentTypes: 'application/x-www-form-urlencoded', body: { type: 'object', properties: fields } };
}

var ownMessage = secure.requireOwnership({
  load: (req) => db.messages.findOne({ id: req.params.id }), owner: 'to', onDenied: onDenied
});

var member = { authorize: secure.authenticated() };

var app = express();
app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: true, cookie: { sameSite: 'lax' } }));
app.use(secure.secureApi({
  onDenied, oauthGuard: false, authenticate: secure.session(caller), jsonBody: {}, formBody: { extended: true },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  secureHeaders: {
    preset: 'web', cookies: 'enforce', cors: { origins: 'https://club.test' }, crossOriginGuard: { always: '/login' },
    helmet: { contentSecurityPolicy: { directives: { styleSrc: ["'self'", "'unsafe-inline'"] } } }
  },
  rateLimit: { limit: 300, window: '1m' },
  routes: {
    'GET /': { public: 'the home page' },
    'GET /login': { public: 'the form to log in' },
    'POST /login': {
      public: 'who logs in is not known yet', validate: form({ email: text, password: text }),
      rateLimit: {
        limit: 10, window: '15m', phase: 'after-body',
        key: (req) => req.body.email, count: (req, res) => res.statusCode === 401
      }
    },
    'GET /logout': member,
    '/profile/*': member,
    'POST /profile': { validate: form({ name: text, city: text }) },
    'GET /api/me': member,
    'GET /messages/:id': { use: ownMessage },
    'GET /search': { ...member, validate: { query: { type: 'object', properties: { q: text, limit } } } },
    '/admin/*': { requireRole: 'admin' }
  },
  otherwise: 'deny'
}));
app.use(secure.structuralGuard({ onDenied }));
app.use(require('./app'));
app.use(secure.errorHandler({ html: true }));

module.exports = app;
