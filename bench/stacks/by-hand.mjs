import cors from "cors";
import express from "express";
import helmet from "helmet";
import jwt from "jsonwebtoken";
import jwksClient from "jwks-rsa";
import { RateLimiterMemory } from "rate-limiter-flexible";
import winston from "winston";
import { ALLOWED_ORIGIN, AUDIENCE, LIMIT, PATH, SCOPE } from "../workload.mjs";
import { orderChains } from "./order-chains.mjs";

const WINDOW_SECONDS = 15 * 60;

/** The packages this library builds on, each wired as its own README says. */
export function createApp({ issuer, logFile }) {
  const app = express();
  app.use(requestLog(logFile));
  app.use(helmet());
  app.use(cors({ origin: [ALLOWED_ORIGIN] }));
  app.use(limit());
  app.use(authenticate(issuer));
  app.use(express.json());
  app.post(PATH, requireScope(SCOPE), orderChains, (req, res) => res.json({ id: req.body.id }));
  return app;
}

function requestLog(filename) {
  const logger = winston.createLogger({
    level: "info",
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.File({ filename })],
  });
  return (req, res, next) => {
    const startedAt = Date.now();
    res.on("finish", () => {
      logger.info("request completed", {
        method: req.method,
        url: req.originalUrl,
        status: res.statusCode,
        ip: req.ip,
        subject: req.user?.sub,
        durationMs: Date.now() - startedAt,
      });
    });
    next();
  };
}

function limit() {
  const limiter = new RateLimiterMemory({ points: LIMIT, duration: WINDOW_SECONDS });
  return (req, res, next) => {
    limiter.consume(req.ip).then(
      (result) => {
        setQuota(res, result);
        next();
      },
      (result) => {
        setQuota(res, result);
        res.set("Retry-After", Math.ceil(result.msBeforeNext / 1000));
        res.status(429).send("Too Many Requests");
      },
    );
  };
}

function setQuota(res, { remainingPoints, msBeforeNext }) {
  res.set("X-RateLimit-Limit", LIMIT);
  res.set("X-RateLimit-Remaining", remainingPoints);
  res.set("X-RateLimit-Reset", Math.ceil((Date.now() + msBeforeNext) / 1000));
}

function authenticate(issuer) {
  const client = jwksClient({ jwksUri: `${issuer}/jwks` });
  const getKey = (header, callback) => {
    client.getSigningKey(header.kid, (error, key) => callback(error, key?.getPublicKey()));
  };
  const options = { issuer, audience: AUDIENCE, algorithms: ["RS256"] };
  return (req, res, next) => {
    const [scheme, token] = (req.headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer" || token === undefined)
      return res.status(401).json({ error: "no_token" });
    jwt.verify(token, getKey, options, (error, claims) => {
      if (error) return res.status(401).json({ error: "invalid_token" });
      req.user = claims;
      next();
    });
  };
}

function requireScope(scope) {
  return (req, res, next) => {
    if (req.user.scope.split(" ").includes(scope)) return next();
    res.status(403).json({ error: "insufficient_scope" });
  };
}
