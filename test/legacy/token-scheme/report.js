var express = require('express');
var cors = require('cors');
var http = require('http');
var jwt = require('jsonwebtoken');
var expressjwt = require('express-jwt').expressjwt;
var db = require('./db');
var secure = require('express-secure-api');

var mode = 'report';

var secret = process.env.NODE_ENV === 'production' ? process.env.SECRET : 'secret';

function getTokenFromHeader(req) {
  var parts = (req.headers.authorization || '').split(' ');
  return parts[0] === 'Token' || parts[0] === 'Bearer' ? parts[1] : null;
}

function toAuthJSON(user) {
  var exp = new Date();
  exp.setDate(exp.getDate() + 60);
  return {
    username: user.username, email: user.email, bio: user.bio, image: user.image, role: user.role,
    token: jwt.sign({ id: user.id, username: user.username, exp: exp.getTime() }, secret)
  };
}

// for the pages that everybody may see
function optionalUser(req) {
  var payload = jwt.decode(getTokenFromHeader(req) || '');
  return payload ? payload.username : null;
}

function currentUser(req) {
  return db.users.findOne({ id: req.payload.id });
}

var app = express();
app.set('trust proxy', true);
app.use(secure.secureApi({
  mode, jsonBody: {}, secureHeaders: { cors: { origins: 'https://www.blog.example' } },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  oauthGuard: { issuer: null, audience: 'blog', secret, anyTokenType: true, schemes: ['Token', 'Bearer'],
    acceptWithout: { claims: ['aud'], until: process.env.TOKENS_WITHOUT_AUD_UNTIL },
    principal: { ...secure.rfc9068(), subject: ['id'] }, maxTokenAge: '60d', optional: true },
  rateLimit: { policies: [{ limit: 300, window: '1m' }, { limit: 10, window: '15m', match: 'POST /api/users/*' }] }
}));
app.use(cors());
app.use(express.json({ limit: '50mb' }));
var roles = ({ subject }) => db.users.findOne({ id: subject }).then((user) => user && { roles: [user.role] });
app.use(secure.structuralGuard({ mode }), secure.enrichPrincipal(roles, { mode }));
app.use('/api/admin', secure.requireRole('admin', { mode }));
var owner = ({ claims: { username: author } }, { params: { slug } }) =>
  db.articles.findOne({ slug, author }).then((article) => ({ roles: article ? ['owner'] : [] }));
app.put('/api/articles/:slug', secure.enrichPrincipal(owner, { mode }), secure.requireRole('owner', { mode }));
var text = { type: 'string', maxLength: 1000 }, image = { ...text, pattern: '^https://images\\.blog\\.example/' };
var object = (properties, required = []) => ({ type: 'object', properties, required });
var user = (fields) => secure.validate({ mode, body: object({ user: object(fields) }, ['user']) });
app.post(['/api/users', '/api/users/*rest'], user({ username: text, email: text, password: text, code: text }));
app.put('/api/user', user({ username: text, email: text, password: text, bio: text, image }));
var page = { tag: text, offset: { type: 'integer', minimum: 0 }, limit: { type: 'integer', minimum: 1, maximum: 100 } };
app.get('/api/articles', secure.validate({ mode, query: object(page) }));

app.use(
  expressjwt({ secret: secret, algorithms: ['HS256'], requestProperty: 'payload', getToken: getTokenFromHeader }).unless({
    path: [
      /login/,
      { url: '/api/users', methods: ['POST'] },
      '/api/users/forgot',
      '/api/users/reset',
      { url: /^\/api\/articles(\/[^/]+)?$/, methods: ['GET'] }
    ]
  })
);

var logins = [];

app.post('/api/users', function (req, res, next) {
  var user = { role: 'author', bio: '', image: '', resetCode: null };
  Object.assign(user, req.body.user);
  if (!user.username || !user.email || !user.password) return res.status(422).json({ errors: { body: "can't be blank" } });
  db.setPassword(user, user.password);
  delete user.password;
  db.users.insert(user).then(function () {
    res.json({ user: toAuthJSON(user) });
  }).catch(next);
});

app.post('/api/users/login', function (req, res, next) {
  db.users.findOne({ email: req.body.user.email }).then(function (user) {
    if (!user || !db.isPassword(user, req.body.user.password)) {
      return res.status(422).json({ errors: { 'email or password': 'is invalid' } });
    }
    logins.push({ username: user.username, email: user.email, address: req.ip, at: new Date() });
    res.json({ user: toAuthJSON(user) });
  }).catch(next);
});

app.post('/api/users/forgot', function (req, res, next) {
  db.users.findOne({ email: req.body.user.email }).then(function (user) {
    if (user) user.resetCode = String(Math.floor(Math.random() * 1e6)); // goes out by mail
    res.sendStatus(204);
  }).catch(next);
});

app.post('/api/users/reset', function (req, res, next) {
  db.users.findOne({ email: req.body.user.email, resetCode: req.body.user.code }).then(function (user) {
    if (!user) return res.status(422).json({ errors: { code: 'is invalid' } });
    db.setPassword(user, req.body.user.password);
    user.resetCode = null;
    res.sendStatus(204);
  }).catch(next);
});

app.get('/api/user', function (req, res, next) {
  currentUser(req).then(function (user) {
    res.json({ user: toAuthJSON(user) });
  }).catch(next);
});

app.put('/api/user', function (req, res, next) {
  currentUser(req).then(function (user) {
    var changes = req.body.user;
    if (!changes.image) return Object.assign(user, changes);
    // Is there a picture?
    return new Promise(function (resolve, reject) {
      http.get(changes.image, function (answer) {
        answer.resume();
        resolve(Object.assign(user, changes));
      }).on('error', reject);
    });
  }).then(function (user) {
    res.json({ user: toAuthJSON(user) });
  }).catch(next);
});

app.get('/api/articles', function (req, res, next) {
  var query = { draft: false };
  if (req.query.tag) query.tagList = req.query.tag.trim();
  db.articles.find(query).then(function (articles) {
    var offset = Number(req.query.offset || 0);
    res.json({ articles: articles.slice(offset, offset + Number(req.query.limit || 20)), articlesCount: articles.length });
  }).catch(next);
});

app.get('/api/articles/:slug', function (req, res, next) {
  db.articles.findOne({ slug: req.params.slug }).then(function (article) {
    if (!article || (article.draft && article.author !== optionalUser(req))) return res.sendStatus(404);
    res.json({ article: article });
  }).catch(next);
});

app.post('/api/articles', function (req, res, next) {
  var article = Object.assign({ tagList: [], draft: false }, req.body.article, { author: req.payload.username });
  article.slug = String(article.title).toLowerCase().replace(/\W+/g, '-');
  db.articles.insert(article).then(function () {
    res.json({ article: article });
  }).catch(next);
});

app.put('/api/articles/:slug', function (req, res, next) {
  db.articles.findOne({ slug: req.params.slug }).then(function (article) {
    if (!article) return res.sendStatus(404);
    res.json({ article: Object.assign(article, req.body.article) });
  }).catch(next);
});

app.delete('/api/articles/:slug', function (req, res, next) {
  db.articles.findOne({ slug: req.params.slug }).then(function (article) {
    if (!article) return res.sendStatus(404);
    if (article.author !== req.payload.username) return res.sendStatus(403);
    return db.articles.remove(article).then(function () { res.sendStatus(204); });
  }).catch(next);
});

app.get('/api/admin/logins', function (req, res) {
  res.json({ logins: logins });
});

app.delete('/api/admin/users/:username', function (req, res, next) {
  db.users.findOne({ username: req.params.username }).then(function (user) {
    if (!user) return res.sendStatus(404);
    return db.users.remove(user).then(function () { res.sendStatus(204); });
  }).catch(next);
});

app.use(function (req, res) {
  res.status(404).json({ errors: { message: 'Not Found' } });
});

app.use(function (err, req, res, next) {
  res.status(err.status || 500).json({ errors: { message: err.message, error: err, stack: err.stack } });
});

module.exports = app;

if (require.main === module) app.listen(process.env.PORT || 3000, '127.0.0.1');
