const express = require("express");
const { requireScope } = require("express-secure-api/authorization");
const { errorHandler, notFound } = require("express-secure-api/errors");
const { secureApi } = require("express-secure-api/secure-api");
const options = require("./security.js");

const app = express();
app.locals.security = secureApi(options);
app.use(app.locals.security);
app.get("/orders", requireScope("orders:read"), (_req, res) => res.json([]));
app.use(notFound(), errorHandler());

module.exports = app;
