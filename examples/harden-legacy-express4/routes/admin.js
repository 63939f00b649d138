var express = require('express');
var db = require('../db');

var router = express.Router();

router.get('/', function (req, res, next) {
  db.listUsers().then(function (users) {
    res.render('admin', { users: users });
  }).catch(next);
});

router.post('/users/:name/role', function (req, res, next) {
  db.setRole(req.params.name, req.body.role).then(function () {
    res.redirect('/admin');
  }).catch(next);
});

router.post('/users/:name/delete', function (req, res, next) {
  db.removeUser(req.params.name).then(function () {
    res.redirect('/admin');
  }).catch(next);
});

module.exports = router;
