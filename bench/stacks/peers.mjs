import cors from "cors";
import express from "express";
import { auth, requiredScopes } from "express-oauth2-jwt-bearer";
import { rateLimit } from "express-rate-limit";
import helmet from "helmet";
import pino from "pino";
import { pinoHttp } from "pino-http";
import { ALLOWED_ORIGIN, AUDIENCE, LIMIT, PATH, SCOPE } from "../workload.mjs";
import { orderChains } from "./order-chains.mjs";

/** The packages that Express guides name today, wired as their READMEs say. */
export function createApp({ issuer, logFile }) {
  const app = express();
  app.use(pinoHttp({ logger: pino(pino.destination(logFile)) }));
  app.use(helmet());
  app.use(cors({ origin: [ALLOWED_ORIGIN] }));
  app.use(
    rateLimit({
      windowMs: 15 * 60 * 1000,
      limit: LIMIT,
      standardHeaders: "draft-8",
      legacyHeaders: false,
      ipv6Subnet: 56,
    }),
  );
  app.use(auth({ issuerBaseURL: issuer, audience: AUDIENCE }));
  app.use(express.json());
  app.post(PATH, requiredScopes(SCOPE), orderChains, (req, res) => res.json({ id: req.body.id }));
  return app;
}
