import Fastify from "fastify";
import { PATH } from "../workload.mjs";

/** Fastify with its own JSON parser and one route: what an API on it costs before anything secures it. */
export function createApp() {
  const app = Fastify();
  app.post(PATH, async (request) => ({ id: request.body.id }));
  return app;
}
