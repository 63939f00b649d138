// In-memory stand-in for the database, with the part of MongoDB's query language that the driver hands through.
function matches(doc, query) {
  return Object.keys(query).every(function (field) {
    var wanted = query[field];
    if (wanted !== null && typeof wanted === 'object') {
      if ('$ne' in wanted) return doc[field] !== wanted.$ne;
      if ('$gt' in wanted) return doc[field] > wanted.$gt;
      return false;
    }
    return doc[field] === wanted;
  });
}

function Collection(docs) {
  this.docs = docs;
}

Collection.prototype.find = function (query) {
  return this.docs.filter(function (doc) { return matches(doc, query); });
};

Collection.prototype.findOne = function (query) {
  return this.find(query)[0] || null;
};

Collection.prototype.remove = function (query) {
  this.docs = this.docs.filter(function (doc) { return !matches(doc, query); });
};

var members = [
  { id: '1', name: 'Ada Admin', email: 'ada@club.example', password: 'correct horse', role: 'admin', city: 'Ulm', preferences: {} },
  { id: '2', name: 'Ben Member', email: 'ben@club.example', password: 'battery staple', role: 'member', city: 'Bonn', preferences: {} },
  { id: '3', name: 'Cleo Member', email: 'cleo@club.example', password: 'summer2015', role: 'member', city: 'Kiel', preferences: {} }
];
for (var i = 4; i <= 400; i++) {
  members.push({ id: String(i), name: 'Member ' + i, email: 'm' + i + '@club.example', password: 'pw-' + i, role: 'member', city: 'Ulm', preferences: {} });
}

exports.members = new Collection(members);
exports.messages = new Collection([
  { id: '1', to: '2', subject: 'Your fee', text: 'Dear Ben, your fee for this year is due.' },
  { id: '2', to: '3', subject: 'Your complaint', text: 'Dear Cleo, we keep this between us.' }
]);
