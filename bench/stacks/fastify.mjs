import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import jwt from "@fastify/jwt";
import rateLimit from "@fastify/rate-limit";
import Fastify from "fastify";
import { ALLOWED_ORIGIN, AUDIENCE, LIMIT, ORDER_SCHEMA, PATH, SCOPE } from "../workload.mjs";

/** Fastify with the plugins of its own organisation, wired as their READMEs say: no token cache. */
export async function createApp(settings) {
  return createFastifyApp(settings, {});
}

/** @param verify - Options of `@fastify/jwt` beside issuer, audience and algorithm. */
export async function createFastifyApp({ issuer, publicKey, logFile }, verify) {
  const app = Fastify({ logger: { level: "info", file: logFile } });
  await app.register(helmet);
  await app.register(cors, { origin: [ALLOWED_ORIGIN] });
  await app.register(rateLimit, { max: LIMIT, timeWindow: "15 minutes" });
  await app.register(jwt, {
    secret: { public: publicKey },
    verify: { algorithms: ["RS256"], allowedIss: issuer, allowedAud: AUDIENCE, ...verify },
  });
  app.addHook("onRequest", async (request, reply) => {
    try {
      await request.jwtVerify();
    } catch (error) {
      reply.send(error);
    }
  });
  const requireScope = async (request, reply) => {
    if (!request.user.scope.split(" ").includes(SCOPE))
      reply.code(403).send({ error: "insufficient_scope" });
  };
  app.post(PATH, { schema: { body: ORDER_SCHEMA }, preHandler: requireScope }, async (request) => ({
    id: request.body.id,
  }));
  return app;
}
