import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { type Decision, decisionsOf } from "../../src/core/decision/decision.js";
import { auditLog, principalFrom, rateLimit, requireRole } from "../../src/index.js";
import { expressVersions } from "../support/express.js";

const one = { limit: 1, window: "1m", mode: "report" } as const;
const admin = { subject: "alice", roles: ["admin"] };

/** A promise that the test fulfils. */
function open<T>(): { readonly promise: Promise<T>; readonly fulfil: (value: T) => void } {
  let fulfil: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    fulfil = resolve;
  });
  return { promise, fulfil };
}

describe.each(expressVersions)("report mode waits for nothing on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  function appWith(...guards: readonly unknown[]): Express {
    const app = express();
    app.use((req, _res, next) => {
      decisions = decisionsOf(req);
      next();
    });
    app.use(...(guards as RequestHandler[]));
    app.get("/", (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it("answers before the store of rateLimit does, and counts a request once", async () => {
    const answer = open<readonly object[]>();
    const consume = vi.fn(() => answer.promise as never);
    const limiter = rateLimit({ ...one, name: "a", store: { consume }, storeTimeout: "60s" });
    await request(appWith(limiter, limiter)).get("/").expect(200);
    expect(decisions).toEqual([]);
    answer.fulfil([{ allowed: false, remaining: 0, retryAfterMs: 1000, resetMs: 1000 }]);
    await vi.waitFor(() =>
      expect(decisions).toMatchObject([{ code: "rate_limit_exceeded", first: true }]),
    );
    expect(consume).toHaveBeenCalledOnce();
  });

  it("reports no refusal of a caller whom principalFrom is still looking up", async () => {
    const caller = open<typeof admin>();
    const who = principalFrom(() => caller.promise, { mode: "report" });
    await request(appWith(who, requireRole("admin", { mode: "report" })))
      .get("/")
      .expect(200);
    caller.fulfil(admin);
    await vi.waitFor(() => expect(decisions).toHaveLength(2));
    expect(decisions).toMatchObject([
      { guard: "principalFrom", outcome: "allow" },
      { guard: "requireRole", outcome: "allow" },
    ]);
  });

  it("makes a guard that enforces wait for the caller, and not for a limit that only reports", async () => {
    const caller = open<typeof admin>();
    const who = principalFrom(() => caller.promise, { mode: "report" });
    const limiter = rateLimit({ ...one, key: () => new Promise(() => undefined) });
    const answer = request(appWith(limiter, who, requireRole("admin")))
      .get("/")
      .then(({ status }) => status);
    await vi.waitFor(() => expect(decisions).toEqual([]));
    caller.fulfil(admin);
    expect(await answer).toBe(200);
  });

  it("names the refusal that came first, although a later guard had its own sooner", async () => {
    const cost = open<number>();
    const limiter = rateLimit({ ...one, cost: () => cost.promise });
    await request(appWith(limiter, requireRole("admin", { mode: "report" })))
      .get("/")
      .expect(200);
    cost.fulfil(2);
    await vi.waitFor(() => expect(decisions).toHaveLength(2));
    expect(decisions).toMatchObject([
      { guard: "rateLimit", first: true },
      { guard: "requireRole", follows: "rateLimit" },
    ]);
  });

  it("keeps the record of the request until the verdict is known", async () => {
    const records: Record<string, unknown>[] = [];
    const sink = new Transport({
      log(info: Record<string, unknown>, done: () => void) {
        records.push(info);
        done();
      },
    });
    const log = auditLog({ sinks: [sink] });
    const key = open<string>();
    const limiter = rateLimit({ ...one, key: () => key.promise });
    await request(appWith(log, limiter)).get("/").expect(200);
    key.fulfil("alice");
    const ofRequest = (): readonly unknown[] => records.filter((one) => "http.route" in one);
    await vi.waitFor(() => expect(ofRequest()).toHaveLength(1));
    expect(ofRequest()).toMatchObject([{ "audit.decisions": ["rateLimit:allow"] }]);
    await log.close();
  });
});
