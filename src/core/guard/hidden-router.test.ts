import { createServer } from "node:http";
import type { ErrorRequestHandler, RequestHandler, Router } from "express";
import express5 from "express";
import express4 from "express4";
import request from "supertest";
import { describe, it } from "vitest";
import { HttpError } from "../refusal/http-error.js";
import { createGuard } from "./guard.js";

const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();
const secret: RequestHandler = (_req, res) => void res.end("the secret");

/** A router of the other copy of Express, with a guard and an error handler that goes on. */
function routerOf4(): Router {
  const guard = createGuard("testGuard", "authorization", { mode: "enforce", onDenied: "next" });
  const router = (express4 as unknown as typeof express5).Router();
  const refusing = guard.middleware((req, res, next) =>
    guard.refuse(new HttpError("access_denied"), req, res, next),
  );
  return router.use(refusing, careless, secret);
}

// A file of its own: whatever was handed to the app of another test in this process is watched already.
describe("a refusal in a router that the app cannot show", () => {
  it("is final when a function hides a router of another copy of Express", async () => {
    const router = routerOf4();
    const app = express5();
    app.use((req, res, next) => router(req, res, next));
    app.use(secret);
    await request(app).get("/").expect(403);
  });

  it("is final when a router stands alone, without an app", async () => {
    const router = routerOf4();
    const server = createServer((req, res) => router(req as never, res as never, () => res.end()));
    await request(server).get("/").expect(403);
  });
});
