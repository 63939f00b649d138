import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Express, Request, Response } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { FAILURES } from "../../../test/support/user-functions/failures.js";
import { OptionsError } from "../../core/options/options-error.js";
import { ALERT_CHANNEL, type Alert, type AlertOptions, type AuditLog, auditLog } from "../index.js";

const MESSAGE = Symbol.for("message");
let audit: AuditLog | undefined;
let lines: string[] = [];
let alerts: Alert[] = [];
const keep = (alert: unknown): void => void alerts.push(alert as Alert);

beforeEach(() => {
  lines = [];
  alerts = [];
  subscribe(ALERT_CHANNEL, keep);
});
afterEach(async () => {
  unsubscribe(ALERT_CHANNEL, keep);
  vi.restoreAllMocks();
  vi.useRealTimers();
  await audit?.close();
  audit = undefined;
});

function appWith(express: (typeof expressVersions)[number][1], options: AlertOptions): Express {
  const sink = new Transport({
    log(info, next) {
      lines.push(info[MESSAGE]);
      next();
    },
  });
  audit = auditLog({ sinks: [sink], alerts: options });
  const app = express();
  app.set("trust proxy", true);
  app.use(audit);
  app.use((req, res) => void res.status(Number(req.get("x-status") ?? 200)).end("ok"));
  return app;
}

/** A request without a network, for many of them. */
function pass(app: Express, headers: Readonly<Record<string, string>>): void {
  const req = new IncomingMessage({ remoteAddress: "127.0.0.1" } as Socket);
  Object.assign(req, { method: "GET", url: "/", headers });
  const res = new ServerResponse(req);
  app(req as Request, res as Response);
  res.emit("finish");
}

const all = { name: "all", when: () => true, by: "all", threshold: 1, window: "1m" } as const;

// Vitest fails the run on an unhandled rejection.
describe.each(expressVersions)("functions of alert rules on Express %s", (_major, express) => {
  it.each(FAILURES)(
    "when, by and account that each %s change no answer, no record and no other rule",
    async (_how, fail) => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const when = vi.fn(() => fail(() => undefined) as boolean);
      const by = vi.fn(() => fail(() => undefined) as string);
      const account = vi.fn(() => fail(() => undefined) as string);
      const app = appWith(express, {
        account,
        rules: [
          { ...all, name: "a", when },
          { ...all, name: "b", by },
          { ...all, name: "c" },
        ],
      });
      await request(app).get("/").set("x-status", "401").expect(401);
      await request(app).get("/").expect(200, "ok");
      await expect.poll(() => alerts.map(({ rule }) => rule)).toContain("c");
      expect(when).toHaveBeenCalledTimes(2);
      expect(by).toHaveBeenCalledTimes(2);
      expect(account).toHaveBeenCalledTimes(1);
      expect(lines.filter((line) => line.includes('"http.request.id"'))).toHaveLength(2);
    },
  );

  it("count logins by address where the function that names accounts fails", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = appWith(express, {
      account: () => {
        throw new Error("x");
      },
    });
    for (let n = 0; n < 10; n += 1) await request(app).get("/").set("x-status", "401");
    expect(alerts.map(({ rule }) => rule)).toEqual(["auth-burst"]);
  });

  it("warn once of a function that fails, without what it threw", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = appWith(express, {
      rules: [
        {
          ...all,
          when: () => {
            throw new Error("zq9SECRET");
          },
        },
      ],
    });
    for (let n = 0; n < 3; n += 1) await request(app).get("/");
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      "auditLog.alerts.rules[0].when has failed: what it was asked about is not counted.",
    ]);
  });

  it("are waited for by a bounded number of requests", async () => {
    let waiting = 0;
    const app = appWith(express, {
      rules: [
        {
          ...all,
          when: () => {
            waiting += 1;
            return new Promise<boolean>(() => undefined);
          },
        },
        { ...all, name: "other" },
      ],
    });
    for (let n = 0; n < 3000; n += 1) pass(app, {});
    // Each is asked, and no more than a thousand answers are held.
    expect(waiting).toBe(3000);
    expect(alerts.map(({ rule }) => rule)).toEqual(["other"]);
  });

  it.each(FAILURES)("a subscriber that %s breaks nothing", async (_how, fail) => {
    const subscriber = vi.fn(() => fail(() => undefined));
    subscribe(ALERT_CHANNEL, subscriber);
    try {
      const app = appWith(express, { rules: [all] });
      await request(app).get("/").expect(200, "ok");
      expect(subscriber).toHaveBeenCalledOnce();
    } finally {
      unsubscribe(ALERT_CHANNEL, subscriber);
    }
  });
});

describe("alert rules", () => {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];

  it("stay within memory and disk in a flood of addresses that each meet a rule", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const app = appWith(express, { defaults: false, rules: [{ ...all, by: "address" }] });
    for (let n = 0; n < 5000; n += 1) pass(app, { "x-forwarded-for": `10.0.${n >> 8}.${n & 255}` });
    expect(alerts).toHaveLength(100);
    vi.advanceTimersByTime(60_000);
    pass(app, { "x-forwarded-for": "10.1.0.1" });
    expect(alerts).toHaveLength(101);
    expect(alerts.at(-1)?.suppressed).toBe(4900);
    expect(lines.at(-2)).toContain('"audit.alert.suppressed":4900');
  });

  it("make one valid line of names and keys with odd characters", async () => {
    const name = `"r\\ule" é 💥 </script>`;
    const key = 'a\r\nb\u2028\u202e\u001b[31m\ud800 "__proto__"';
    const app = appWith(express, {
      defaults: false,
      rules: [
        { ...all, name, by: () => key },
        { ...all, name: "__proto__" },
        { ...all, name: "constructor", by: () => "x".repeat(100_000) },
      ],
    });
    await request(app).get("/");
    const records = lines.filter((line) => line.includes("security_rule.name"));
    expect(records).toHaveLength(3);
    for (const line of records) {
      for (const steering of ["\r", "\n", "\u2028", "\u202e", "\u001b"])
        expect(line).not.toContain(steering);
      expect(Buffer.from(line).toString()).toBe(line);
      expect(line.length).toBeLessThan(2000);
      expect(JSON.stringify(JSON.parse(line))).toBe(line);
    }
    expect(JSON.parse(records[0] ?? "")["security_rule.name"]).toBe(name);
    expect(alerts[0]?.key.value).toContain("a\\u000d\\u000ab\\u2028\\u202e\\u001b[31m\\ud800");
  });

  it("hold a hundred rules, each for itself", async () => {
    const rules = Array.from({ length: 100 }, (_, index) => ({ ...all, name: `r${index}` }));
    const app = appWith(express, { defaults: false, rules });
    await request(app).get("/");
    expect(new Set(alerts.map(({ rule }) => rule)).size).toBe(100);
  });

  it.each<[unknown, string]>([
    [5, "auditLog.alerts must be true, false or an options object, got 5"],
    [{ rules: [] }, "auditLog.alerts.rules must be a non-empty list of options objects"],
    [
      { rules: Array.from({ length: 1000 }, (_, index) => ({ ...all, name: `r${index}` })) },
      "auditLog.alerts.rules must have at most 100 rules, got 1000",
    ],
    [{ rules: [all, all] }, "auditLog.alerts.rules[1].name must not be the name of another rule"],
    [{ rules: [{ ...all, name: "auth-burst" }] }, "must not be the name of another rule"],
    [{ rules: [{ ...all, name: "a\u200b" }] }, "must not hold characters that nobody sees"],
    [{ rules: [{ ...all, name: "x".repeat(65) }] }, "must have at most 64 characters"],
    [{ rules: [{ ...all, when: "Refused!" }] }, "must be a name of an event"],
    [{ rules: [{ ...all, when: "payment__fail" }] }, "must be a name of an event"],
    [{ rules: [{ ...all, when: "AuthzFail" }] }, 'did you mean "authz_fail"?'],
    [{ rules: [{ ...all, when: "authz_fial" }] }, 'did you mean "authz_fail"?'],
    [{ rules: [{ ...all, when: ["authz_fail", "authn_login_failed"] }] }, '"authn_login_fail"?'],
    [{ rules: [{ ...all, when: "connection_faild" }] }, 'did you mean "connection_failed"?'],
    [{ rules: [{ ...all, when: "log_dropped" }] }, "rules see none of the log itself"],
    [{ rules: [{ ...all, when: "security_alert" }] }, "rules see none of the log itself"],
    [{ rules: [{ ...all, when: [] }] }, "got an empty list"],
    [{ rules: [{ ...all, when: undefined }] }, "when must not be undefined"],
    [{ rules: [{ ...all, by: "ip" }] }, 'by must be one of "address", "subject"'],
    [{ rules: [{ ...all, threshold: 0 }] }, "threshold must be a whole number from 1 to 1000000"],
    [{ rules: [{ ...all, distinct: "routes", threshold: 1001 }] }, "from 1 to 1000"],
    [{ rules: [{ ...all, window: 60 }] }, "window must be a duration"],
    [{ defaults: 5 }, "auditLog.alerts.defaults must be false or an object with names of rules"],
    [{ defaults: { "auth-brust": false } }, 'did you mean "auth-burst"?'],
    [{ defaults: { "user-spray": { threshold: 1001 } } }, "from 1 to 1000"],
    [
      { defaults: { "auth-burst": true } },
      'auditLog.alerts.defaults["auth-burst"] must be an options object',
    ],
    [{ honeytokens: {} }, "must name routes, headers or subjects"],
    [{ honeytokens: { routes: "/*" } }, "must not cover every route"],
    [{ honeytokens: { headers: "a b" } }, "must be a header field name"],
    [{ honeytokens: { headers: "User-Agent" } }, "must not be a field that ordinary clients"],
    [
      { honeytokens: { headers: "a" }, defaults: { honeytoken: false } },
      'must be left out when the rule "honeytoken" is switched off',
    ],
    [{ honeytokens: undefined }, "auditLog.alerts.honeytokens must not be undefined"],
    [{ account: "email" }, "auditLog.alerts.account must be a function"],
  ])("refuse %j", (given, message) => {
    let problems: readonly string[] = [];
    try {
      auditLog({ alerts: given as AlertOptions });
    } catch (error) {
      if (error instanceof OptionsError) ({ problems } = error);
    }
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  it.each(["payment_fail", "user_created", "api_request", "connection_lost", "browser_report"])(
    "may wait for %s",
    (when) => {
      audit = auditLog({ alerts: { rules: [{ ...all, when }] } });
    },
  );

  it("ignore members that somebody put on Object.prototype", async () => {
    const prototype = Object.prototype as { "auth-burst"?: unknown };
    prototype["auth-burst"] = false;
    try {
      const app = appWith(express, { defaults: {} });
      for (let n = 0; n < 10; n += 1) await request(app).get("/").set("x-status", "401");
    } finally {
      delete prototype["auth-burst"];
    }
    expect(alerts.map(({ rule }) => rule)).toEqual(["auth-burst"]);
  });
});
