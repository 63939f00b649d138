import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request, RequestHandler, Response } from "express";
import { Redis } from "ioredis";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { RedisServer, withoutRedis } from "../../test/support/redis/redis-server.js";
import { FAILURES } from "../../test/support/user-functions/failures.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { rateLimit, redisStore } from "../rate-limit/index.js";
import { secureApi } from "../secure-api/index.js";
import {
  ALERT_CHANNEL,
  type AlertBlocks,
  type AlertToOptions,
  type AuditLog,
  alertTo,
  auditLog,
  type BlockingLimiter,
} from "./index.js";

const CLIENT = "203.0.113.7";
const sink = () => new Transport({ log: (_info, next) => next() });
const rules = [{ name: "denied", when: "authz_fail", threshold: 3, window: "1m" }];
const callers = [
  { name: "caller", when: "authz_fail", by: "subject" as const, threshold: 3, window: "1m" },
];
const hand = { block: { after: "never" as const } };
const quota = { name: "api", limit: 1000, window: "1m", ...hand };
const denying: RequestHandler = (req, res) => {
  res.status(req.path === "/denied" ? 403 : 200).end();
};

let audit: AuditLog | undefined;
let blocks: AlertBlocks | undefined;

afterEach(async () => {
  blocks?.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
  await audit?.close();
  audit = undefined;
});

async function ask(app: Express, path: string, from = CLIENT, user?: string): Promise<number> {
  const asked = request(app).get(path).set("X-Forwarded-For", from);
  return (await (user === undefined ? asked : asked.set("X-User", user))).status;
}

async function offend(app: Express, from = CLIENT, user?: string, count = 3): Promise<void> {
  for (let n = 0; n < count; n += 1) await ask(app, "/denied", from, user);
}

/** A limiter that keeps what it is told. */
function spy(): BlockingLimiter & { readonly block: ReturnType<typeof vi.fn> } {
  return { block: vi.fn(async () => undefined) };
}

describe.each(expressVersions)("alerts that block, on Express %s", (_major, express) => {
  function appWith(limiter: RequestHandler): Express {
    audit = auditLog({
      sinks: [sink()],
      alerts: { defaults: false, rules: [...rules, ...callers] },
    });
    const app = express();
    app.set("trust proxy", 1);
    app.use(audit, (req, _res, next) => {
      const user = req.get("x-user");
      if (user !== undefined) setPrincipalSource(req, createPrincipal({ subject: user }));
      next();
    });
    app.use(limiter, denying);
    return app;
  }

  it("refuse the address for as long as it is said, and nobody else", async () => {
    const limiter = rateLimit(quota);
    const app = appWith(limiter);
    blocks = alertTo(limiter, { rules: "denied", for: "1h" });
    await offend(app);
    await expect.poll(() => blocks?.stats()).toEqual({ blocked: 1, spared: 0, failed: 0 });
    const answer = await request(app).get("/").set("X-Forwarded-For", CLIENT).expect(429);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(3500);
    expect(await ask(app, "/", "203.0.113.8")).toBe(200);
    await limiter.unblock({ key: CLIENT });
    expect(await ask(app, "/")).toBe(200);
  });

  it("do not refuse the address again before the cool-down of the rule is over", async () => {
    const limiter = rateLimit(quota);
    const app = appWith(limiter);
    blocks = alertTo(limiter, { rules: "denied" });
    await offend(app);
    await expect.poll(() => blocks?.stats().blocked).toBe(1);
    await limiter.unblock({ key: CLIENT });
    await offend(app);
    await offend(app, "203.0.113.8");
    await expect.poll(() => blocks?.stats().blocked).toBe(2);
    expect(await ask(app, "/")).toBe(200);
  });

  it("refuse the caller under a policy by principal, when that is said", async () => {
    const limiter = rateLimit({
      policies: [quota, { name: "caller", limit: 1000, window: "1m", key: "principal", ...hand }],
    });
    const app = appWith(limiter);
    blocks = alertTo(limiter, { rules: ["caller"], by: "subject", policy: "caller", for: "1h" });
    await offend(app, CLIENT, "mallory");
    await expect.poll(() => blocks?.stats().blocked).toBe(1);
    expect(await ask(app, "/", "203.0.113.9", "mallory")).toBe(429);
    expect(await ask(app, "/", CLIENT, "alice")).toBe(200);
  });

  it.each<[string, string, readonly string[] | undefined]>([
    ["the loopback address of IPv6", "::1", undefined],
    ["one host of IPv6", "2001:db8:0:1::7", ["2001:db8:0:1::7"]],
    ["the neighbour that has the network in common", "2001:db8:0:1::666", ["2001:db8:0:1::7"]],
    ["a network whose limit it has in common", "2001:db8:0:2::1", ["2001:db8:0:1::/64"]],
  ])("never block %s that is excepted", async (_what, from, except) => {
    const limiter = rateLimit(quota);
    const app = appWith(limiter);
    blocks = alertTo(limiter, { rules: "denied", ...(except && { except }) });
    await offend(app, from);
    await expect.poll(() => blocks?.stats()).toEqual({ blocked: 0, spared: 1, failed: 0 });
    expect(await ask(app, "/", from)).toBe(200);
  });

  it("block networks of IPv6 that have nothing in common with an excepted one", async () => {
    const limiter = rateLimit(quota);
    const app = appWith(limiter);
    blocks = alertTo(limiter, { rules: "denied", except: ["2001:db8:0:1::7", "::1"] });
    await offend(app, "2001:db8:0:101::1");
    await expect.poll(() => blocks?.stats().blocked).toBe(1);
    expect(await ask(app, "/", "2001:db8:0:101::1")).toBe(429);
  });

  it("warn once of a rule of the app that counts by something that is not blocked", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const limiter = spy();
    const app = appWith((_req, _res, next) => next());
    blocks = alertTo(limiter, { rules: ["denied", "caller"] });
    await offend(app, CLIENT, "mallory");
    await offend(app, CLIENT, "trudy");
    expect(limiter.block).toHaveBeenCalledOnce();
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      "alertTo: a rule that it names counts by subject, not by address, and blocks nobody.",
    ]);
  });

  it("block by the limits of a preset", async () => {
    const security = secureApi({
      oauthGuard: false,
      rateLimit: quota,
      auditLog: { sinks: [sink()], alerts: { defaults: false, rules } },
    });
    const app = express();
    app.set("trust proxy", 1);
    app.use(security, denying);
    blocks = alertTo(security.rateLimit, { rules: ["denied"], policy: "api" });
    await offend(app);
    await expect.poll(() => blocks?.stats().blocked).toBe(1);
    expect(await ask(app, "/")).toBe(429);
    expect(await ask(app, "/", "203.0.113.8")).toBe(200);
    await security.close();
  });

  it.skipIf(withoutRedis)("block in every process that shares a store", async () => {
    const server = await RedisServer.start();
    const clients = [new Redis(server.port), new Redis(server.port)];
    await Promise.all(clients.map((client) => client.ping()));
    const [one, other] = clients.map((client) =>
      rateLimit({ ...quota, store: redisStore(client, { prefix: "alerts:" }), storeTimeout: "5s" }),
    );
    if (one === undefined || other === undefined) throw new Error("no limiters");
    const app = appWith(one);
    const elsewhere = express();
    elsewhere.set("trust proxy", 1);
    elsewhere.use(other, denying);
    blocks = alertTo(one, { rules: ["denied"] });
    await offend(app);
    await expect.poll(() => blocks?.stats().blocked).toBe(1);
    expect(await ask(elsewhere, "/")).toBe(429);
    expect(await ask(elsewhere, "/", "203.0.113.8")).toBe(200);
    for (const client of clients) client.disconnect();
    await server.stop();
  });

  it("spare private networks, until other exceptions are given", async () => {
    const limiter = spy();
    const app = appWith(denying);
    blocks = alertTo(limiter, { rules: ["denied"] });
    const home = ["10.1.2.3", "127.0.0.1", "192.168.1.1", "fd00::1", "100.64.0.1"];
    for (const address of home) await offend(app, address);
    expect(blocks.stats()).toEqual({ blocked: 0, spared: home.length, failed: 0 });
    expect(limiter.block).not.toHaveBeenCalled();
    blocks.close();
    blocks = alertTo(limiter, { rules: ["denied"], except: ["198.51.100.0/24", "2001:db8::/32"] });
    await offend(app, "10.1.2.4");
    await offend(app, "198.51.100.7");
    await offend(app, "2001:db8:1:2::7");
    expect(limiter.block.mock.calls).toEqual([[{ key: "10.1.2.4" }, "10m"]]);
    expect(blocks.stats()).toEqual({ blocked: 1, spared: 2, failed: 0 });
    blocks.close();
    blocks = alertTo(limiter, { rules: ["denied"], except: false });
    await offend(app, "10.1.2.5");
    expect(limiter.block).toHaveBeenLastCalledWith({ key: "10.1.2.5" }, "10m");
  });

  it("block for no other rule, no other kind of key, and no more after they are closed", async () => {
    const limiter = spy();
    const app = appWith(denying);
    blocks = alertTo(limiter, { rules: ["other", "caller"] });
    await offend(app, CLIENT, "mallory");
    blocks.close();
    const closed = alertTo(limiter, { rules: ["denied"] });
    closed.close();
    closed.close();
    await offend(app, "203.0.113.8");
    expect(limiter.block).not.toHaveBeenCalled();
  });

  it("block outside of the request that was the last straw", async () => {
    const scope = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    blocks = alertTo({ block: async () => void seen.push(scope.getStore()) }, { rules: "denied" });
    const app = express();
    app.set("trust proxy", 1);
    audit = auditLog({ sinks: [sink()], alerts: { defaults: false, rules } });
    app.use((_req, _res, next) => scope.run("request", next), audit, denying);
    await offend(app);
    expect(seen).toEqual([undefined]);
  });

  it.each(FAILURES)(
    "change nothing with a block() and an unblock() that each %s",
    async (_how, fail) => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const block = vi.fn(() => fail(() => undefined) as Promise<void>);
      const app = appWith(denying);
      const unblock = vi.fn(() => fail(() => undefined) as Promise<void>);
      blocks = alertTo({ block, unblock }, { rules: ["denied"] });
      expect(unblock).toHaveBeenCalledOnce();
      await offend(app);
      await offend(app, "203.0.113.8");
      expect(await ask(app, "/")).toBe(200);
      expect(block).toHaveBeenCalledTimes(2);
      await new Promise((resolve) => setImmediate(resolve));
      const { failed } = blocks.stats();
      expect(warn.mock.calls.filter(([text]) => String(text).startsWith("alertTo"))).toHaveLength(
        failed > 0 ? 1 : 0,
      );
    },
  );
});

describe("alerts that block", () => {
  /** What our channel carries is ours only if an audit log made it. */
  it("believe no alert that something else publishes", () => {
    const limiter = spy();
    blocks = alertTo(limiter, { rules: ["denied"] });
    channel(ALERT_CHANNEL).publish({ rule: "denied", key: { kind: "address", value: CLIENT } });
    expect(limiter.block).not.toHaveBeenCalled();
  });

  it("block a hundred clients in a minute at most", async () => {
    const limiter = spy();
    const { app, ends } = quick();
    blocks = alertTo(limiter, { rules: ["denied"] });
    vi.useFakeTimers({ toFake: ["performance"] });
    for (let n = 0; n < 60; n += 1) ends(app, `203.0.113.${n}`);
    vi.advanceTimersByTime(30_000);
    for (let n = 0; n < 60; n += 1) ends(app, `198.51.100.${n}`);
    // A rule is told a hundred times in a minute, so the last twenty are not even heard of.
    expect(limiter.block).toHaveBeenCalledTimes(100);
    vi.advanceTimersByTime(31_000);
    ends(app, "198.51.100.99");
    expect(limiter.block).toHaveBeenCalledTimes(101);
  });

  it.each<[string, AlertToOptions["policy"], object, string]>([
    [
      "a policy that is not there, with those that are",
      "apy",
      {},
      'the limiter has no policy with that name: it has "api"',
    ],
    [
      "a policy that cannot block",
      undefined,
      { block: undefined },
      "the policy must have block, as in block: {}, to be blocked by hand",
    ],
  ])("warn at once of %s", async (_what, policy, change, why) => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { block, ...rest } = quota;
    const limiter = rateLimit("block" in change ? rest : { ...rest, block });
    blocks = alertTo(limiter, { rules: ["denied"], ...(policy === undefined ? {} : { policy }) });
    await expect
      .poll(() => warn.mock.calls.map(([text]) => text))
      .toContain(`alertTo: block() does not fit the limiter: ${why}. Alerts do not block.`);
  });

  it.each<[unknown, unknown, string]>([
    [{}, { rules: ["denied"] }, "alertTo must get a limiter with block(), got an object"],
    [spy(), undefined, "alertTo must get options"],
    [spy(), {}, "alertTo.rules must be a non-empty string or a list of them"],
    [spy(), { rules: ["auth_burst"] }, 'did you mean "auth-burst"?'],
    [spy(), { rules: ["limit-storm"] }, "must not be a rule that is about no client"],
    [spy(), { rules: "a1", for: "2d" }, "alertTo.for must be a duration"],
    [spy(), { rules: "a1", policy: undefined }, "alertTo.policy must not be undefined"],
    [spy(), { rules: "a1", except: undefined }, "alertTo.except must not be undefined"],
    [spy(), { rules: "a1", except: ["10.0.0.0"], by: "subject" }, "it names addresses"],
  ])("refuse %o, %o", (limiter, options, message) => {
    expect(() => alertTo(limiter as never, options as never)).toThrow(message);
  });
});

/** An app without a network, in which an address is told of by its first refused request. */
function quick() {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];
  audit = auditLog({
    sinks: [sink()],
    alerts: {
      defaults: false,
      rules: [{ name: "denied", when: "authz_fail", threshold: 1, window: "1m" }],
    },
  });
  const app = express();
  app.set("trust proxy", true);
  app.use(audit, denying);
  return { app, ends: passOne };
}

function passOne(app: Express, from: string): void {
  const req = new IncomingMessage({ remoteAddress: "127.0.0.1" } as Socket);
  Object.assign(req, { method: "GET", url: "/denied", headers: { "x-forwarded-for": from } });
  const res = new ServerResponse(req);
  app(req as Request, res as Response);
  res.emit("finish");
}
