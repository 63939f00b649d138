var app = require('./app');

var port = process.env.PORT || 3000;
app.listen(port, '127.0.0.1', function () {
  console.error('listening on http://127.0.0.1:' + port);
});
