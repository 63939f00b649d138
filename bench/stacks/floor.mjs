import { hash } from "node:crypto";
import Ajv from "ajv/dist/2020.js";
import express from "express";
import jwt from "jsonwebtoken";
import { recordByHand } from "../record-by-hand.mjs";
import { ALLOWED_ORIGIN, AUDIENCE, LIMIT, ORDER_SCHEMA, PATH, SCOPE } from "../workload.mjs";

/**
 * What the answers of `secureApi()` themselves cost: the same header fields, the same digests, counts of the same kind and
 * a chained record of the same members, written by hand for this one route. It checks no option, bounds no map, knows no
 * report mode and refuses everything with an empty answer: nobody should secure an API like this.
 */
export function createApp({ issuer, publicKey, logFile }) {
  const app = express();
  app.disable("x-powered-by");
  app.use(
    recordByHand(logFile),
    answerHeaders,
    limit("address", ({ ip }) => ip),
  );
  app.use(
    authenticate(issuer, publicKey),
    limit("caller", ({ user }) => user.sub),
  );
  app.use(express.json());
  const isOrder = new Ajv().compile(ORDER_SCHEMA);
  app.post(PATH, (req, res) => {
    if (!req.user.scope.split(" ").includes(SCOPE)) res.status(403).end();
    else if (!isOrder(req.body)) res.status(422).end();
    else res.json({ id: req.body.id });
  });
  return app;
}

function answerHeaders(req, res, next) {
  res.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  res.setHeader("Cross-Origin-Resource-Policy", "same-origin");
  res.setHeader("Referrer-Policy", "no-referrer");
  res.setHeader("X-Content-Type-Options", "nosniff");
  res.setHeader("X-Frame-Options", "DENY");
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("Vary", "Origin");
  if (req.headers.origin === ALLOWED_ORIGIN)
    res.setHeader("Access-Control-Allow-Origin", ALLOWED_ORIGIN);
  next();
}

const WINDOW_SECONDS = 366 * 86_400;

/** One number for each key, as a token bucket needs it. */
function limit(name, keyOf) {
  const spent = new Map();
  const policy = `"${name}";q=${LIMIT};w=${WINDOW_SECONDS}`;
  return (req, res, next) => {
    const key = keyOf(req);
    const used = (spent.get(key) ?? 0) + 1;
    if (used > LIMIT) {
      res.status(429).end();
      return;
    }
    spent.set(key, used);
    req.policies = req.policies === undefined ? policy : `${req.policies}, ${policy}`;
    const left = `"${name}";r=${LIMIT - used};t=${WINDOW_SECONDS}`;
    req.left = req.left === undefined ? left : `${req.left}, ${left}`;
    if (name === "caller") {
      res.setHeader("RateLimit-Policy", req.policies);
      res.setHeader("RateLimit", req.left);
      res.setHeader("X-RateLimit-Limit", String(LIMIT));
      res.setHeader("X-RateLimit-Remaining", String(LIMIT - used));
      res.setHeader("X-RateLimit-Reset", String(Math.ceil(Date.now() / 1000) + WINDOW_SECONDS));
    }
    next();
  };
}

/** Tokens that were verified, by digest. */
function authenticate(issuer, publicKey) {
  const verified = new Map();
  const options = { algorithms: ["RS256"], audience: AUDIENCE, issuer };
  return (req, res, next) => {
    const token = req.headers.authorization?.slice(7) ?? "";
    const digest = hash("sha256", token, "binary");
    let user = verified.get(digest);
    if (user === undefined) {
      try {
        user = jwt.verify(token, publicKey, options);
      } catch {
        res.status(401).end();
        return;
      }
      verified.set(digest, user);
    }
    req.user = user;
    if (user.exp * 1000 < Date.now()) res.status(401).end();
    else next();
  };
}
