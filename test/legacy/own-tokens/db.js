const crypto = require('crypto');

// In-memory stand-in for the database of users.
const users = [];

const hash = (password, salt) => crypto.pbkdf2Sync(password, salt, 10, 32, 'sha256').toString('hex');

const createUser = async (fields) => {
  const salt = crypto.randomBytes(8).toString('hex');
  const user = { id: String(users.length + 1), role: 'user', isEmailVerified: false, settings: {}, ...fields, salt };
  user.password = hash(fields.password, salt);
  users.push(user);
  return user;
};

const getById = async (id) => users.find((user) => user.id === id);
const getByEmail = async (email) => users.find((user) => user.email === email);
const isPasswordMatch = (user, password) => user.password === hash(password, user.salt);
const setPassword = (user, password) => {
  user.password = hash(password, user.salt);
};
const query = async (filter, { sortBy, limit }) =>
  users
    .filter((user) => Object.keys(filter).every((key) => user[key] === filter[key]))
    .sort((a, b) => (a[sortBy] > b[sortBy] ? 1 : -1))
    .slice(0, limit);
const remove = async (id) => users.splice(users.findIndex((user) => user.id === id), 1);

createUser({ name: 'Ada', email: 'ada@example.com', password: 'Correct-Horse-1', role: 'admin', isEmailVerified: true });
createUser({ name: 'Ben', email: 'ben@example.com', password: 'Battery-Staple-2', isEmailVerified: true });
createUser({ name: 'Cleo', email: 'cleo@example.com', password: 'Summer-2015', isEmailVerified: true });
for (let i = 4; i <= 300; i += 1) {
  createUser({ name: `User ${i}`, email: `u${i}@example.com`, password: `Password-${i}` });
}

module.exports = { createUser, getById, getByEmail, isPasswordMatch, setPassword, query, remove };
