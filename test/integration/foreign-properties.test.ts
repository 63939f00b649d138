import type { ErrorRequestHandler, Express, Request, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { type Decision, decisionsOf } from "../../src/core/decision/decision.js";
import * as library from "../../src/index.js";
import { expressVersions } from "../support/express.js";

type Spoil = (req: Request, app: Express) => void;

const {
  formBody,
  jsonBody,
  principalFrom,
  rateLimit,
  secureApi,
  secureHeaders,
  session,
  structuralGuard,
  validate,
} = library;

function boom(): never {
  throw new Error("boom");
}

const unreadable =
  (name: string): Spoil =>
  (req) =>
    void Object.defineProperty(req, name, { get: boom, configurable: true });
const readOnlyBody: Spoil = (req) =>
  void Object.defineProperty(req, "body", { get: () => ({ a: 1 }) });
const trustThatThrows: Spoil = (_req, app) => void app.set("trust proxy", boom);

const one = { limit: 100, window: "1m" };
const schema = { type: "object", properties: { a: { type: "integer" } } } as const;
const standard = {
  "~standard": { version: 1, vendor: "test", validate: async () => ({ value: { a: 1 } }) },
};

type MakeGuard = (mode: "enforce" | "report") => unknown;

/** What a guard reads of objects that are not ours. A reporting guard that does not need it lets the request pass. */
const READS: readonly (readonly [guard: string, what: string, MakeGuard, Spoil])[] = [
  ["rateLimit", "req.ip", (mode) => rateLimit({ ...one, mode }), unreadable("ip")],
  [
    "rateLimit",
    "a trust proxy that throws",
    (mode) => rateLimit({ ...one, mode }),
    trustThatThrows,
  ],
  [
    "rateLimit",
    "req.ip with an async key",
    (mode) => rateLimit({ ...one, mode, key: async () => undefined }),
    unreadable("ip"),
  ],
  ["formBody", "a getter-only req.body", (mode) => formBody({ mode }), readOnlyBody],
  ["jsonBody", "a getter-only req.body", (mode) => jsonBody({ mode }), readOnlyBody],
  ["validate", "a getter-only req.body", (mode) => validate({ body: schema, mode }), readOnlyBody],
  [
    "validate",
    "a getter-only req.body behind an async schema",
    (mode) => validate({ body: standard as never, mode }),
    readOnlyBody,
  ],
  ["validate", "req.body", (mode) => validate({ body: schema, mode }), unreadable("body")],
  ["validate", "req.query", (mode) => validate({ query: schema, mode }), unreadable("query")],
  ["structuralGuard", "req.body", (mode) => structuralGuard({ mode }), unreadable("body")],
  ["structuralGuard", "req.query", (mode) => structuralGuard({ mode }), unreadable("query")],
  [
    "principalFrom",
    "a getter of req.user",
    (mode) => principalFrom((req) => ({ subject: (req as { user?: string }).user }), { mode }),
    unreadable("user"),
  ],
  ["session", "req.session", (mode) => session(() => null, { mode }), unreadable("session")],
  [
    "secureHeaders",
    "req.secure",
    (mode) => secureHeaders({ cors: { origins: "https://a.example" }, mode }),
    unreadable("secure"),
  ],
  [
    "secureApi",
    "req.ip",
    (mode) => secureApi({ oauthGuard: false, rateLimit: one, auditLog: false, mode }),
    unreadable("ip"),
  ],
];

const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();

describe.each(expressVersions)("reading foreign objects on Express %s", (_major, express) => {
  let reached = 0;
  let decisions: readonly Decision[] = [];

  function appWith(guard: unknown, spoil: Spoil): Express {
    reached = 0;
    const app = express();
    const route: RequestHandler = (_req, res) => {
      reached += 1;
      res.end();
    };
    app.use((req, _res, next) => {
      spoil(req, app);
      decisions = decisionsOf(req);
      next();
    });
    app.use(guard as RequestHandler, route, careless, route);
    return app;
  }

  it.each(READS)(
    "%s refuses when it cannot use %s, and goes on in report mode",
    async (guard, _what, make, spoil) => {
      const send = (app: Express): request.Test =>
        request(app)
          .post("/")
          .set({ Host: "a.test", Origin: "http://a.test", "X-Forwarded-For": "192.0.2.1" })
          .send(guard === "formBody" ? "a=1" : { a: 1 });
      const answer = await send(appWith(make("enforce"), spoil));
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text).code).toBe("check_unavailable");
      expect(reached).toBe(0);
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", enforced: true, status: 503 });

      await send(appWith(make("report"), spoil)).expect(200);
      expect(reached).toBe(1);
    },
  );
});
