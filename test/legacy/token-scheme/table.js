var express = require('express');
var secure = require('express-secure-api');
var db = require('./db');

var text = { type: 'string', maxLength: 1000 }, image = { ...text, pattern: '^https://images\\.blog\\.example/' };
var object = (properties, required = []) => ({ type: 'object', properties, required });
var user = (fields) => ({ body: object({ user: object(fields) }, ['user']) });
var article = object({
  title: text, body: { type: 'string', maxLength: 50000 }, tagList: { type: 'array', maxItems: 20, items: text },
  draft: { type: 'boolean' }
});
var page = { tag: text, offset: { type: 'integer', minimum: 0 }, limit: { type: 'integer', minimum: 1, maximum: 100 } };

var roleOf = ({ subject }) => db.users.findOne({ id: subject }).then((user) => user && { roles: [user.role] });
var author = secure.when('author', ({ claims: { username } }, { params: { slug } }) =>
  db.articles.findOne({ slug, author: username }).then(Boolean));
var few = { limit: 10, window: '15m' };
var known = { authorize: secure.authenticated() };

var tokens = {
  issuer: null, audience: 'blog', secret: process.env.SECRET, anyTokenType: true, schemes: ['Token', 'Bearer'],
  acceptWithout: { claims: ['aud'], until: process.env.TOKENS_WITHOUT_AUD_UNTIL },
  principal: { ...secure.rfc9068(), subject: ['id'] }, maxTokenAge: '60d'
};

var app = express();
app.use(secure.secureApi({
  jsonBody: {}, secureHeaders: { cors: { origins: 'https://www.blog.example' } },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  rateLimit: { limit: 300, window: '1m' },
  oauthGuard: tokens, enrich: roleOf,
  routes: {
    'POST /api/users': {
      public: 'who registers is not known yet', rateLimit: few,
      validate: user({ username: text, email: text, password: text })
    },
    'POST /api/users/login': {
      public: 'who logs in is not known yet', rateLimit: few, validate: user({ email: text, password: text })
    },
    'POST /api/users/forgot': { public: 'a user who cannot log in', rateLimit: few, validate: user({ email: text }) },
    'POST /api/users/reset': {
      public: 'the code of the mail says who asks', rateLimit: few,
      validate: user({ email: text, code: text, password: text })
    },
    '/api/user': known,
    'PUT /api/user': { validate: user({ username: text, email: text, password: text, bio: text, image }) },
    'GET /api/articles': { public: 'for readers', validate: { query: object(page) } },
    'GET /api/articles/:slug': { optional: 'for readers, and authors see their drafts' },
    'POST /api/articles': { ...known, validate: { body: object({ article }, ['article']) } },
    'PUT /api/articles/:slug': { authorize: author, validate: { body: object({ article }, ['article']) } },
    'DELETE /api/articles/:slug': { authorize: author },
    '/api/admin/*': { requireRole: 'admin' }
  },
  otherwise: 'deny'
}));
app.use(secure.structuralGuard());
app.use(require('./app'));

module.exports = app;
