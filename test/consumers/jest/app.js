const express = require("express");
const { errorHandler, notFound } = require("express-secure-api/errors");
const { oauthGuard } = require("express-secure-api/oauth-guard");

const app = express();
app.use(oauthGuard({ issuer: "https://id.example.com", audience: "https://api.example.com" }));
app.get("/", (_req, res) => res.json([]));
app.use(notFound(), errorHandler());

module.exports = app;
