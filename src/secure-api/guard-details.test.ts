import { describe, expect, it } from "vitest";
import { z } from "zod";
import { describeGuard } from "../core/guard/guard-mark.js";
import { rateLimit } from "../rate-limit/index.js";
import { validate } from "../validate/index.js";
import { secureApi } from "./index.js";

const limit = { name: "100-per-1m", limit: 100, windowSeconds: 60, by: "address" };
const legacy = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

describe("what guards say of themselves", () => {
  it("rateLimit tells its limits and the fields of its answers", () => {
    const guard = rateLimit({ limit: 100, window: "1m" });
    expect(describeGuard(guard)?.details).toEqual({
      limits: [limit],
      headers: ["RateLimit", "RateLimit-Policy", ...legacy],
    });
    expect(describeGuard(guard.preflight)?.details).toEqual({ limits: [], headers: [] });
  });

  it("rateLimit tells whom each policy counts, and where", () => {
    const guard = rateLimit({
      headers: { ietf: false, legacy: "delta" },
      policies: [
        { name: "login", limit: 5, window: "15m", key: (req) => req.ip, match: ["POST /login"] },
        { name: "user", limit: 9, window: "1s", key: "principal" },
      ],
    });
    expect(describeGuard(guard)?.details).toEqual({
      limits: [
        { name: "login", limit: 5, windowSeconds: 900, by: "key", on: ["POST /login"] },
        { name: "user", limit: 9, windowSeconds: 1, by: "principal" },
      ],
      headers: legacy,
    });
  });

  it("validate tells its schemas as they were at start-up, and what it answers", () => {
    const body = { type: "object", properties: { a: { type: "string" } } };
    const guard = validate({ body, query: z.object({ q: z.string() }), status: 400 });
    body.properties.a.type = "number";
    const details = describeGuard(guard)?.details;
    expect(details).toMatchObject({
      schemas: { body: { type: "object", properties: { a: { type: "string" } } } },
      contentTypes: ["application/json", "application/*+json"],
      status: 400,
    });
    // zod 4 says what JSON Schema its own one is.
    expect(details?.schemas?.["query"]).toMatchObject({ properties: { q: { type: "string" } } });
  });

  it("validate tells of a schema that it cannot show only that there is one", () => {
    const isRight = (value: unknown): value is unknown => value !== 1;
    expect(describeGuard(validate({ params: isRight }))?.details).toEqual({
      schemas: { params: true },
      status: 422,
    });
    const compiled = Object.assign(isRight, { schema: { type: "object" } });
    expect(describeGuard(validate({ params: compiled }))?.details?.schemas).toEqual({
      params: { type: "object" },
    });
  });

  it("secureApi tells what its parts say", () => {
    const api = secureApi({
      oauthGuard: false,
      rateLimit: { limit: 100, window: "1m" },
      secureHeaders: { cors: { origins: ["https://app.example"] } },
      auditLog: false,
    });
    const limits = describeGuard(api)?.parts?.filter(({ kind }) => kind === "limit");
    expect(limits?.map(({ details }) => details?.limits)).toEqual([[], [limit]]);
  });

  it("secureApi tells what the rows of its table say, with parameters and without", () => {
    const params = { type: "object", properties: { id: { type: "string" } } };
    const body = { type: "object", properties: { a: { type: "string" } } };
    const api = secureApi({
      oauthGuard: { issuer: "https://idp.example", audience: "orders" },
      rateLimit: false,
      auditLog: false,
      jsonBody: {},
      otherwise: "deny",
      routes: {
        "GET /orders/:id": { requireScope: "orders:read", validate: { params } },
        "POST /orders": {
          requireRole: ["admin, or so", "editor"],
          validate: { body },
          rateLimit: { limit: 5, window: "1m" },
        },
        "/reports/*": { requireRole: "auditor", methods: ["GET"] },
        "/status": { public: "everybody may know" },
      },
    });
    const parts = describeGuard(api)?.parts?.filter(({ at, kind }) => at ?? kind === "limit");
    const json = ["application/json", "application/*+json"];
    const role = (...names: string[]) => ({ requirement: { type: "role", names, match: "any" } });
    expect(parts?.map(({ at, details }) => [at?.[0], details])).toMatchObject([
      [undefined, { limits: [{ limit: 5, on: ["POST /orders"] }] }],
      ["GET /orders/:id", { requirement: { type: "scope", names: ["orders:read"], match: "all" } }],
      ["GET /orders/:id", { schemas: { params }, status: 422 }],
      ["POST /orders", role("admin, or so", "editor")],
      ["POST /orders", { schemas: { body }, contentTypes: json }],
      ["/reports/*", role("auditor")],
      ["/reports/*", { schemas: {} }],
      ["/status", undefined],
    ]);
  });
});
