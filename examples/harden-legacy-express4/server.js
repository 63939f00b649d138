// `node server.js` starts the hardened app, `node server.js app` the one before.
var app = require('./' + (process.argv[2] || 'hardened'));

var server = app.listen(process.env.PORT || 3000, '127.0.0.1', function () {
  console.error('listening on http://127.0.0.1:' + server.address().port);
});
