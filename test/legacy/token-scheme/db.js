var crypto = require('crypto');

// In-memory stand-in for MongoDB, with the part of its query language that the app uses.
function matches(doc, query) {
  return Object.keys(query).every(function (field) {
    var wanted = query[field];
    if (wanted !== null && typeof wanted === 'object') {
      return '$ne' in wanted ? doc[field] !== wanted.$ne : false;
    }
    return Array.isArray(doc[field]) ? doc[field].indexOf(wanted) !== -1 : doc[field] === wanted;
  });
}

function Collection() {
  this.docs = [];
}

Collection.prototype.find = function (query) {
  return Promise.resolve(this.docs.filter(function (doc) { return matches(doc, query); }));
};

Collection.prototype.findOne = function (query) {
  return this.find(query).then(function (docs) { return docs[0] || null; });
};

Collection.prototype.insert = function (doc) {
  doc.id = String(this.docs.length + 1);
  this.docs.push(doc);
  return Promise.resolve(doc);
};

Collection.prototype.remove = function (doc) {
  this.docs.splice(this.docs.indexOf(doc), 1);
  return Promise.resolve();
};

function hash(password, salt) {
  return crypto.pbkdf2Sync(password, salt, 10, 32, 'sha256').toString('hex');
}

exports.users = new Collection();
exports.articles = new Collection();

exports.setPassword = function (user, password) {
  user.salt = crypto.randomBytes(8).toString('hex');
  user.hash = hash(password, user.salt);
};

exports.isPassword = function (user, password) {
  return user.hash === hash(password, user.salt);
};

function user(username, password, role) {
  var doc = { username: username, email: username + '@blog.example', role: role, bio: '', image: '', resetCode: null };
  exports.setPassword(doc, password);
  exports.users.insert(doc);
}

user('ada', 'correct horse', 'admin');
user('ben', 'battery staple', 'author');
user('cleo', 'summer 2015', 'author');

exports.articles.insert({ slug: 'hello', title: 'Hello', body: 'First words', author: 'ben', tagList: ['intro'], draft: false });
exports.articles.insert({ slug: 'secret-plan', title: 'Secret plan', body: 'Not yet', author: 'cleo', tagList: [], draft: true });
for (var i = 3; i <= 300; i++) {
  exports.articles.insert({ slug: 'post-' + i, title: 'Post ' + i, body: '…', author: 'cleo', tagList: ['series'], draft: false });
}
