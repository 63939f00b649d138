const express = require('express');
const cors = require('cors');
const jwt = require('jsonwebtoken');
const passport = require('passport');
const { Strategy: JwtStrategy, ExtractJwt } = require('passport-jwt');
const Joi = require('joi');
const db = require('./db');
const mail = require('./mail');
const secure = require('express-secure-api');

const mode = 'report';

const config = {
  secret: process.env.JWT_SECRET || 'thisisasamplesecret',
  minutes: { access: 30, refresh: 30 * 24 * 60, resetPassword: 10, verifyEmail: 10 },
};

class ApiError extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}

const catchAsync = (fn) => (req, res, next) => {
  Promise.resolve(fn(req, res, next)).catch((err) => next(err));
};

const pick = (object, keys) => keys.reduce((obj, key) => (key in object ? { ...obj, [key]: object[key] } : obj), {});

const view = (user) => pick(user, ['id', 'name', 'email', 'role', 'isEmailVerified']);

const merge = (target, source) => {
  Object.keys(source).forEach((key) => {
    if (source[key] && typeof source[key] === 'object') {
      target[key] = merge(target[key] || {}, source[key]);
    } else {
      target[key] = source[key];
    }
  });
  return target;
};

const generateToken = (userId, type) => {
  const now = Math.floor(Date.now() / 1000);
  return jwt.sign({ sub: userId, iat: now, exp: now + config.minutes[type] * 60, type }, config.secret);
};

const authTokens = (user) => ({ access: generateToken(user.id, 'access'), refresh: generateToken(user.id, 'refresh') });

const verifyToken = (token, type) => {
  const payload = jwt.verify(token, config.secret);
  if (payload.type !== type) throw new ApiError(401, 'Please authenticate');
  return db.getById(payload.sub);
};

passport.use(
  new JwtStrategy(
    {
      secretOrKey: config.secret,
      jwtFromRequest: ExtractJwt.fromExtractors([
        ExtractJwt.fromAuthHeaderAsBearerToken(),
        ExtractJwt.fromUrlQueryParameter('access_token'),
      ]),
      // the app on the phones cannot refresh yet
      ignoreExpiration: true,
    },
    async (payload, done) => done(null, (await db.getById(payload.sub)) || false)
  )
);

const auth = (req, res, next) =>
  passport.authenticate('jwt', { session: false }, (err, user) => {
    if (err || !user) return next(new ApiError(401, 'Please authenticate'));
    req.user = user;
    return next();
  })(req, res, next);

const validate = (schema) => (req, res, next) => {
  const { value, error } = Joi.compile(schema).validate(pick(req, Object.keys(schema)), { allowUnknown: true });
  if (error) return next(new ApiError(400, error.message));
  Object.assign(req, value);
  return next();
};

const schemas = {
  register: { body: Joi.object({ name: Joi.string().required(), email: Joi.string().email().required(), password: Joi.string().min(8).required() }) },
  login: { body: Joi.object({ email: Joi.string().required(), password: Joi.string().required() }) },
  update: { body: Joi.object({ name: Joi.string(), email: Joi.string().email(), password: Joi.string().min(8) }).min(1) },
};

const app = express();
app.set('trust proxy', true);
app.use(secure.secureApi({
  mode, oauthGuard: false, jsonBody: {}, secureHeaders: { cors: { origins: 'https://www.shop.example' } },
  auditLog: { sinks: [secure.fileSink({ path: process.env.AUDIT_FILE, write: 'record' })] },
  rateLimit: { policies: [{ name: 'address', limit: 300, window: '1m' }, {
    name: 'account', limit: 10, window: '15m', match: ['POST /v1/auth/login', 'POST /v1/auth/forgot-password'],
    phase: 'after-body', key: (req) => req.body && req.body.email, count: (req, res) => res.statusCode !== 200,
  }] },
}));
app.use(express.json({ limit: '100mb', type: '*/*' }));
app.use(cors({ origin: true, credentials: true }));
app.use(passport.initialize());

app.use(['/v1/users', '/v1/auth/send-verification-email'], secure.oauthGuard({
  mode, issuer: null, audience: 'shop', secret: process.env.JWT_SECRET, requiredClaims: { type: 'access' },
  acceptWithout: { claims: ['aud'], until: process.env.TOKENS_WITHOUT_AUD_UNTIL },
}));
app.use('/v1/users/:userId', secure.enrichPrincipal(async ({ subject }, { params }) => {
  const user = await db.getById(subject);
  return user ? { roles: subject === params.userId ? [user.role, 'self'] : [user.role] } : null;
}, { mode }), secure.requireRole('self', 'admin', { mode }));
app.delete('/v1/users/:userId', secure.requireRole('admin', { mode }));
app.use(secure.structuralGuard({ mode }));
const query = Joi.object({ limit: Joi.number().min(1).max(100) }).pattern(/^(name|role|sortBy)$/, Joi.string());
app.get('/v1/users', secure.validate({ mode, status: 400, query }));
app.post('/v1/auth/register', secure.validate({ mode, status: 400, ...schemas.register }));
app.patch('/v1/users/:userId', secure.validate({ mode, status: 400, ...schemas.update }));

// Five failed logins per address and quarter of an hour.
const failures = {};
const loginThrottle = (req, res, next) => {
  const entry = failures[req.ip] || { count: 0, since: Date.now() };
  if (Date.now() - entry.since > 15 * 60 * 1000) Object.assign(entry, { count: 0, since: Date.now() });
  if (entry.count >= 5) return next(new ApiError(429, 'Too many attempts'));
  failures[req.ip] = entry;
  res.on('finish', () => {
    if (res.statusCode === 401) entry.count += 1;
  });
  return next();
};

app.post('/v1/auth/register', validate(schemas.register), catchAsync(async (req, res) => {
  if (await db.getByEmail(req.body.email)) throw new ApiError(400, 'Email already taken');
  const user = await db.createUser(req.body);
  res.status(201).send({ user: view(user), tokens: authTokens(user) });
}));

app.post('/v1/auth/login', loginThrottle, validate(schemas.login), catchAsync(async (req, res) => {
  const user = await db.getByEmail(req.body.email);
  if (!user || !db.isPasswordMatch(user, req.body.password)) throw new ApiError(401, 'Incorrect email or password');
  res.send({ user: view(user), tokens: authTokens(user) });
}));

app.post('/v1/auth/refresh-tokens', catchAsync(async (req, res) => {
  res.send(authTokens(await verifyToken(req.body.refreshToken, 'refresh')));
}));

app.post('/v1/auth/forgot-password', catchAsync(async (req, res) => {
  const user = await db.getByEmail(req.body.email);
  if (user) mail.send(user.email, 'Reset password', generateToken(user.id, 'resetPassword'));
  res.status(204).send();
}));

app.post('/v1/auth/reset-password', catchAsync(async (req, res) => {
  db.setPassword(await verifyToken(req.query.token, 'resetPassword'), req.body.password);
  res.status(204).send();
}));

app.post('/v1/auth/send-verification-email', auth, (req, res) => {
  mail.send(req.user.email, 'Verify your email', generateToken(req.user.id, 'verifyEmail'));
  res.status(204).send();
});

app.get('/v1/users', auth, catchAsync(async (req, res) => {
  const { sortBy = 'id', limit = 10 } = req.query;
  const results = await db.query(pick(req.query, ['name', 'role']), { sortBy: sortBy.split(':')[0], limit });
  res.send({ results: results.map(view) });
}));

app.get('/v1/users/:userId', auth, catchAsync(async (req, res) => {
  const user = await db.getById(req.params.userId);
  if (!user) throw new ApiError(404, 'User not found');
  res.send(view(user));
}));

app.patch('/v1/users/:userId', auth, validate(schemas.update), catchAsync(async (req, res) => {
  const { password, ...fields } = req.body;
  const user = Object.assign(await db.getById(req.params.userId), fields);
  if (password) db.setPassword(user, password);
  res.send(view(user));
}));

app.put('/v1/users/:userId/settings', auth, catchAsync(async (req, res) => {
  res.send(merge((await db.getById(req.params.userId)).settings, req.body));
}));

app.delete('/v1/users/:userId', auth, catchAsync(async (req, res) => {
  await db.remove(req.params.userId);
  res.status(204).send();
}));

app.use((req, res, next) => next(new ApiError(404, 'Not found')));

app.use((err, req, res, next) => {
  const code = err.statusCode || (err.name === 'JsonWebTokenError' ? 401 : 500);
  res.status(code).send({ code, message: err.message, stack: err.stack });
});

module.exports = app;

if (require.main === module) app.listen(process.env.PORT || 3000, '127.0.0.1');
