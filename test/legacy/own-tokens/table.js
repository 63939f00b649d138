const express = require('express');
const secure = require('express-secure-api');
const db = require('./db');

const text = { type: 'string', maxLength: 200 };
const object = (properties, required = []) => ({ type: 'object', properties, required });
const password = { ...text, minLength: 8 };
const json = (properties, required) => ({ status: 400, body: object(properties, required) });

const roleOf = ({ subject }) => db.getById(subject).then((user) => (user ? { roles: [user.role] } : null));
const orElse = secure.role('admin');
const own = secure.requireOwnership({ load: (req) => db.getById(req.params.userId), owner: 'id', orElse });

const perAccount = {
  limit: 10, window: '15m', phase: 'after-body',
  key: (req) => req.body.email, count: (req, res) => res.statusCode !== 200,
};

const app = express();
app.use(secure.secureApi({
  jsonBody: {}, secureHeaders: { cors: { origins: 'https://www.shop.example' } },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  rateLimit: { limit: 300, window: '1m' },
  oauthGuard: {
    issuer: null, audience: 'shop', secret: process.env.JWT_SECRET, requiredClaims: { type: 'access' },
    acceptWithout: { claims: ['aud'], until: process.env.TOKENS_WITHOUT_AUD_UNTIL },
  },
  enrich: roleOf,
  routes: {
    'POST /v1/auth/register': {
      public: 'who registers is not known yet',
      validate: json({ name: text, email: text, password }, ['name', 'email', 'password']),
    },
    'POST /v1/auth/login': {
      public: 'who logs in is not known yet', rateLimit: perAccount,
      validate: json({ email: text, password: text }, ['email', 'password']),
    },
    'POST /v1/auth/refresh-tokens': {
      public: 'the refresh token says who asks',
      validate: json({ refreshToken: { type: 'string', maxLength: 2000 } }),
    },
    'POST /v1/auth/forgot-password': {
      public: 'a user who cannot log in', rateLimit: perAccount, validate: json({ email: text }, ['email']),
    },
    'POST /v1/auth/reset-password': {
      public: 'the token of the mail says who asks', validate: json({ password }, ['password']),
    },
    'POST /v1/auth/send-verification-email': { authorize: secure.authenticated() },
    'GET /v1/users': {
      requireRole: 'admin',
      validate: {
        status: 400,
        query: object({ name: text, role: text, sortBy: text, limit: { type: 'integer', minimum: 1, maximum: 100 } }),
      },
    },
    '/v1/users/:userId/*': { use: own },
    'PATCH /v1/users/:userId': { validate: json({ name: text, email: text, password }) },
    'DELETE /v1/users/:userId': { requireRole: 'admin' },
  },
  otherwise: 'deny',
}));
app.use(secure.structuralGuard());
app.use(require('./app'));

module.exports = app;
