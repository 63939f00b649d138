import { AsyncLocalStorage } from "node:async_hooks";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request, RequestHandler, Response } from "express";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { recordDecision } from "../../core/decision/decision.js";
import { createGuard } from "../../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { rateLimit } from "../../rate-limit/rate-limit.js";
import type { RateLimitOptions } from "../../rate-limit/rate-limit-options.js";
import { secureHeaders } from "../../secure-headers/index.js";
import { type AuditLog, auditLog } from "../index.js";

const MESSAGE = Symbol.for("message");
type Line = Record<string, unknown>;
interface Init {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** The ends of minutes, in the hands of the test. */
const minutes = vi.hoisted((): (() => void)[] => []);
vi.mock("../process/real-time.js", async (original) => ({
  ...(await original<object>()),
  afterRealTime: (_milliseconds: number, callback: () => void) => void minutes.push(callback),
}));

let audit: AuditLog;
let lines: Line[];
const scope = new AsyncLocalStorage<string>();
let scopes: (string | undefined)[];

function newApp(
  express: (typeof expressVersions)[number][1],
  ...handlers: RequestHandler[]
): Express {
  lines = [];
  scopes = [];
  minutes.length = 0;
  const sink = new Transport({
    log(info, next) {
      lines.push(JSON.parse(info[MESSAGE]));
      scopes.push(scope.getStore());
      next();
    },
  });
  audit = auditLog({ sinks: [sink] });
  const app = express();
  app.set("trust proxy", true);
  app.use((_req, _res, next) => scope.run("request", next), audit, ...handlers);
  app.use((_req, res) => void res.end("ok"));
  return app;
}

afterEach(async () => {
  await audit.close();
});

/** Sends requests, one after the other on each connection. */
async function flood(app: Express, count: number, init: (index: number) => Init, connections = 16) {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const statuses: number[] = [];
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < count) {
      const { path = "/", ...rest } = init(next++);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, rest);
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return statuses;
}

/** The same without a network, for many requests. */
function pass(app: Express, count: number, init: (index: number) => Init): void {
  for (let index = 0; index < count; index += 1) {
    const { path = "/", method = "GET", headers = {} } = init(index);
    const req = new IncomingMessage({ remoteAddress: "127.0.0.1" } as Socket);
    const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    Object.assign(req, { method, url: path, headers: Object.fromEntries(fields) });
    const res = new ServerResponse(req);
    app(req as Request, res as Response);
    res.emit("finish");
  }
}

const preflight = (headers: Record<string, string> = {}): Init => ({
  method: "OPTIONS",
  headers: {
    Origin: "https://evil.test",
    "Access-Control-Request-Method": "PUT",
    "X-Forwarded-For": "203.0.113.7",
    ...headers,
  },
});

function requestRecords(): Line[] {
  return lines.filter((line) => "http.request.id" in line);
}

function repeatRecords(): Line[] {
  return lines.filter((line) => "audit.repeat.count" in line);
}

function total(): number {
  return (
    requestRecords().length +
    repeatRecords().reduce((sum, line) => sum + Number(line["audit.repeat.count"]), 0)
  );
}

const cors = (): RequestHandler => secureHeaders({ cors: { origins: ["https://app.test"] } });

describe.each(expressVersions)(
  "refusals in front of the limits on Express %s",
  (_major, express) => {
    it("are recorded one by one up to a hundred in a minute, and the others as one record", {
      timeout: 30_000,
    }, async () => {
      const app = newApp(express, cors());
      await flood(app, 130, (index) => ({ ...preflight(), path: `/${index}` }));
      expect(requestRecords()).toHaveLength(100);
      expect(repeatRecords()).toEqual([]);
      minutes[0]?.();
      const [record = {}] = repeatRecords();
      expect(repeatRecords()).toHaveLength(1);
      const [one = {}] = requestRecords();
      for (const same of [
        "audit.action",
        "audit.actor.id",
        "audit.actor.type",
        "audit.decisions",
        "audit.outcome",
        "audit.reason",
        "audit.severity",
        "client.address",
        "error.type",
        "event.name",
        "http.request.method",
        "http.response.status_code",
        "service.name",
      ])
        expect(record[same], same).toEqual(one[same]);
      expect(record).toMatchObject({
        "audit.decisions": ["secureHeaders:deny:cors_not_allowed"],
        "audit.reason": "origin_not_allowed",
        "audit.repeat.count": 30,
        "client.address": "203.0.113.7",
        "event.name": "malicious_cors",
        "http.response.status_code": 403,
      });
      const [first, last] = [record["audit.repeat.first"], record["audit.repeat.last"]].map(
        (time) => Date.parse(String(time)),
      );
      expect(record["@timestamp"]).toBe(record["audit.repeat.first"]);
      expect(first).toBeLessThanOrEqual(last ?? 0);
      expect(first).toBeGreaterThanOrEqual(
        Date.parse(String(requestRecords().at(-1)?.["@timestamp"])),
      );
      const names = Object.keys(record);
      expect(names).toEqual([...names].sort());
      // What writes for many belongs to none of them.
      expect(scopes.at(-1)).toBeUndefined();
    });

    it("have ids without gaps, and are all told when the log closes", async () => {
      const app = newApp(express, cors());
      pass(app, 120, (index) =>
        preflight({ "X-Forwarded-For": index % 2 === 0 ? "203.0.113.7" : "2001:db8::1" }),
      );
      pass(app, 110, () => preflight({ "X-Forwarded-For": "198.51.100.1" }));
      await audit.close();
      expect(total()).toBe(230);
      const numbers = lines.map((line) =>
        Number(String(line["audit.record.id"]).split("-").at(-1)),
      );
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      expect(lines.at(-1)).toMatchObject({
        "event.name": "sys_monitor_disabled",
        "audit.records": lines.length - 1,
        "audit.lost.count": 0,
      });
    });

    it("are alike where only the address in one IPv6 network, the origin, the path or the user agent differs", async () => {
      const app = newApp(express, cors());
      pass(app, 120, (index) => ({
        ...preflight({
          "X-Forwarded-For": `2001:db8:1:2::${index.toString(16)}`,
          Origin: `https://${index}.test`,
          "User-Agent": `agent ${index}`,
        }),
        path: `/${index}?${index}`,
      }));
      minutes[0]?.();
      expect(repeatRecords()).toHaveLength(1);
      expect(repeatRecords()[0]).toMatchObject({
        "audit.repeat.count": 20,
        "client.address": "2001:db8:1:2::",
      });
    });

    it("are told apart by address, reason and method", async () => {
      const app = newApp(express, cors());
      const kinds: Init[] = [
        preflight(),
        preflight({ "X-Forwarded-For": "203.0.113.8" }),
        preflight({
          Origin: "https://app.test",
          "Access-Control-Request-Method": "DELETE",
          "Access-Control-Request-Headers": "x-odd",
        }),
        {
          method: "POST",
          headers: { Origin: "https://evil.test", Cookie: "a=b", "X-Forwarded-For": "203.0.113.7" },
        },
      ];
      pass(app, 103 * kinds.length, (index) => kinds[index % kinds.length] ?? {});
      minutes[0]?.();
      expect(repeatRecords().map((line) => line["audit.repeat.count"])).toEqual([3, 3, 3, 3]);
      expect(
        new Set(repeatRecords().map((line) => line["audit.reason"])).size,
      ).toBeGreaterThanOrEqual(3);
    });

    it("let the sum of all records be the number of requests, whatever is sent", () => {
      const guard = createGuard("secureHeaders", "headers", {
        mode: "enforce",
        onDenied: "respond",
      });
      const app = newApp(
        express,
        guard.middleware((req, res, next) => {
          if (req.headers["x-pass"] !== undefined) next();
          else
            guard.refuse(new HttpError("cors_not_allowed"), req, res, next, {
              reason: "origin_not_allowed",
            });
        }),
      );
      fc.assert(
        fc.property(
          fc.array(
            fc.record({
              address: fc.nat(5),
              pass: fc.boolean(),
              minute: fc.constantFrom(...Array(30).fill(false), true),
            }),
            { minLength: 50, maxLength: 300 },
          ),
          (requests) => {
            lines.length = 0;
            pass(app, requests.length, (index) => {
              const { address, pass, minute } = requests[index] ?? {
                address: 0,
                pass: true,
                minute: false,
              };
              if (minute) minutes.at(-1)?.();
              const headers = {
                "X-Forwarded-For": `203.0.113.${address}`,
                ...(pass ? { "X-Pass": "1" } : {}),
              };
              return { headers };
            });
            minutes.at(-1)?.();
            expect(total()).toBe(requests.length);
          },
        ),
        { numRuns: 20 },
      );
    });

    it("include those of the limit of preflights", async () => {
      const guard = createGuard("rateLimit", "limit", { mode: "enforce", onDenied: "respond" });
      const app = newApp(
        express,
        guard.middleware((req, res, next) =>
          guard.refuse(new HttpError("rate_limit_exceeded"), req, res, next, {
            reason: "limit_exceeded",
            policy: req.path.slice(1),
          }),
        ),
      );
      pass(app, 110, () => ({ path: "/preflight" }));
      minutes[0]?.();
      expect(requestRecords()).toHaveLength(100);
      expect(repeatRecords()).toHaveLength(1);
      expect(repeatRecords()[0]).toMatchObject({
        "audit.policy": "preflight",
        "audit.repeat.count": 10,
        "event.name": "excess_rate_limit_exceeded",
      });
    });

    it("do not include what report mode lets through", async () => {
      const app = newApp(
        express,
        secureHeaders({ mode: "report", cors: { origins: ["https://app.test"] } }),
      );
      pass(app, 110, () => preflight());
      minutes[0]?.();
      expect(requestRecords()).toHaveLength(110);
      expect(repeatRecords()).toEqual([]);
    });

    it.each<[string, RateLimitOptions]>([
      ["has skipped", { limit: 500, window: "1h", skip: () => true }],
      ["has no policy for", { limit: 500, window: "1h", match: "POST /login" }],
      ["would count, but only reports", { limit: 500, window: "1h", mode: "report" }],
    ])("include what a limit in front %s, because it bounds nothing", (_what, options) => {
      const app = newApp(express, rateLimit(options), cors());
      pass(app, 110, () => preflight());
      minutes[0]?.();
      expect(requestRecords()).toHaveLength(100);
      expect(repeatRecords()).toHaveLength(1);
    });

    it("are counted as lost after the log was closed", async () => {
      const app = newApp(express, cors());
      await audit.close();
      pass(app, 110, () => preflight());
      expect(audit.stats().lost).toBe(110);
    });
  },
);

describe.each(expressVersions)("refusals behind the limits on Express %s", (_major, express) => {
  const limit = createGuard("rateLimit", "limit", { mode: "enforce", onDenied: "respond" });
  const counting = limit.middleware((req, _res, next) => {
    limit.allow(req);
    next();
  });
  const role = createGuard("requireRole", "authorization", {
    mode: "enforce",
    onDenied: "respond",
  });
  const identify: RequestHandler = (req, _res, next) => {
    const user = req.get("x-user");
    const client = { issuer: "https://idp.test", clientId: "app", tenant: "t1" };
    if (user !== undefined)
      setPrincipalSource(req, () => createPrincipal({ subject: user, ...client }));
    next();
  };
  const denying = role.middleware((req, res, next) => {
    const details = { reason: "missing_role", rule: "role(admin)" };
    role.refuse(new HttpError("access_denied"), req, res, next, details);
  });
  const as = (user: string, from = "203.0.113.7"): Init => ({
    headers: { "X-User": user, "X-Forwarded-For": from },
  });

  it("are counted by whoever called, who is named", async () => {
    const app = newApp(express, counting, identify, denying);
    pass(app, 210, (index) => as(index % 2 === 0 ? "u1" : "u2"));
    for (const end of minutes) end();
    expect(requestRecords()).toHaveLength(200);
    expect(repeatRecords()).toHaveLength(2);
    expect(repeatRecords()[0]).toMatchObject({
      "audit.actor.client_id": "app",
      "audit.actor.id": "https://idp.test u1",
      "audit.actor.tenant": "t1",
      "audit.actor.type": "user",
      "audit.decisions": ["rateLimit:allow", "requireRole:deny:access_denied"],
      "audit.reason": "missing_role",
      "audit.repeat.count": 5,
      "audit.rule": "role(admin)",
      "event.name": "authz_fail",
      "http.response.status_code": 403,
    });
    const names = Object.keys(repeatRecords()[0] ?? {});
    expect(names).toEqual([...names].sort());
  });

  it("are counted by token", async () => {
    const app = newApp(
      express,
      (req, _res, next) => {
        recordDecision(req, {
          guard: "oauthGuard",
          outcome: "allow",
          enforced: true,
          code: "ok",
          token: String(req.get("x-token")),
        });
        next();
      },
      denying,
    );
    pass(app, 205, (index) => ({ headers: { "X-Token": index < 102 ? "jti-1" : "jti-2" } }));
    for (const end of minutes) end();
    expect(
      repeatRecords().map((line) => [line["audit.token.id"], line["audit.repeat.count"]]),
    ).toEqual([
      ["jti-1", 2],
      ["jti-2", 3],
    ]);
  });

  it("include those of the limits, and are told when the log closes", async () => {
    const app = newApp(express, rateLimit({ limit: 5, window: "1h" }));
    pass(app, 305, () => ({ headers: { "X-Forwarded-For": "203.0.113.7" } }));
    expect(requestRecords()).toHaveLength(105);
    await audit.close();
    expect(total()).toBe(305);
    expect(repeatRecords()).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({
      "event.name": "sys_monitor_disabled",
      "audit.aggregated": 200,
    });
  });

  it("have records of their own where an error of the app answers", async () => {
    const app = newApp(express, (_req, res) => void res.status(403).end());
    pass(app, 210, () => ({}));
    for (const end of minutes) end();
    expect(requestRecords()).toHaveLength(210);
  });
});

describe("refusals of more kinds than are told apart behind the limits", () => {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];

  it("have records of their own for longer, then share one that names nobody", {
    timeout: 60_000,
  }, () => {
    const guard = createGuard("requireRole", "authorization", {
      mode: "enforce",
      onDenied: "respond",
    });
    const app = newApp(
      express,
      (req, _res, next) => {
        setPrincipalSource(req, createPrincipal({ subject: req.path, issuer: "https://idp.test" }));
        next();
      },
      guard.middleware((req, res, next) =>
        guard.refuse(new HttpError("access_denied"), req, res, next, { reason: "missing_role" }),
      ),
    );
    pass(app, 20_500, (index) => ({ path: `/${index}` }));
    for (const end of minutes) end();
    expect(requestRecords()).toHaveLength(20_000);
    expect(repeatRecords()).toHaveLength(1);
    expect(repeatRecords()[0]).toMatchObject({
      "audit.actor.id": "unknown",
      "audit.actor.type": "unknown",
      "audit.repeat.count": 500,
      "audit.repeat.mixed": true,
    });
    expect(total()).toBe(20_500);
  });
});

describe("refusals from more addresses than are told apart", () => {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];

  it("share a record, and stay within the bounds of a minute", () => {
    const guard = createGuard("secureHeaders", "headers", { mode: "enforce", onDenied: "respond" });
    const app = newApp(
      express,
      guard.middleware((req, res, next) =>
        guard.refuse(new HttpError("cors_not_allowed"), req, res, next, {
          reason: "origin_not_allowed",
        }),
      ),
    );
    pass(app, 3300, (index) => ({
      headers: { "X-Forwarded-For": `10.0.${index >> 8}.${index & 255}` },
    }));
    minutes[0]?.();
    // Each of 1,000 addresses has one record, and all others together a hundred.
    expect(requestRecords()).toHaveLength(1100);
    expect(repeatRecords()).toHaveLength(1);
    expect(total()).toBe(3300);
    const [record = {}] = repeatRecords();
    expect(record).toMatchObject({
      "audit.decisions": ["secureHeaders:deny:cors_not_allowed"],
      "audit.repeat.count": 2200,
      "audit.repeat.mixed": true,
      "event.name": "malicious_cors",
      "http.response.status_code": 403,
    });
    expect(record).not.toHaveProperty(["client.address"]);
  });
});
