import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import type { Express, Request } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import {
  ALERT_CHANNEL,
  type Alert,
  type AlertOptions,
  type AuditLog,
  type AuditLogOptions,
  auditEvent,
  auditLog,
} from "../index.js";

const MESSAGE = Symbol.for("message");
let audit: AuditLog | undefined;
let lines: Record<string, unknown>[] = [];
let alerts: Alert[] = [];
const keep = (alert: unknown): void => void alerts.push(alert as Alert);

beforeEach(() => {
  lines = [];
  alerts = [];
  subscribe(ALERT_CHANNEL, keep);
});
afterEach(async () => {
  unsubscribe(ALERT_CHANNEL, keep);
  vi.useRealTimers();
  await audit?.close();
  audit = undefined;
});

const rules = (): string[] => alerts.map(({ rule }) => rule);

describe.each(expressVersions)(
  "alerts about more than refusals, on Express %s",
  (_major, express) => {
    function appWith(alertOptions: AlertOptions, more: AuditLogOptions = {}): Express {
      const sink = new Transport({
        log(info, next) {
          lines.push(JSON.parse(info[MESSAGE]));
          next();
        },
      });
      audit = auditLog({ sinks: [sink], alerts: alertOptions, ...more });
      const app = express();
      app.set("trust proxy", true);
      app.use(audit, (req, _res, next) => {
        const user = req.get("x-user");
        if (user !== undefined) setPrincipalSource(req, createPrincipal({ subject: user }));
        next();
      });
      app.get("/login", (req, res) => {
        for (const name of (req.get("x-events") ?? "authn_login_fail").split(" "))
          auditEvent(req, name);
        const status = req.get("x-status");
        if (status === undefined) res.redirect("/login?failed");
        else res.status(Number(status)).end();
      });
      app.use((_req, res) => void res.end("ok"));
      return app;
    }

    async function logIn(
      app: Express,
      count: number,
      headers: (n: number) => object,
    ): Promise<void> {
      for (let n = 0; n < count; n += 1)
        await request(app)
          .get("/login")
          .set({ "X-Forwarded-For": "203.0.113.7", ...headers(n) });
    }

    it("count failed logins that the app tells of and answers with a redirect", async () => {
      const app = appWith({});
      await logIn(app, 9, () => ({}));
      expect(rules()).toEqual([]);
      await logIn(app, 1, () => ({}));
      expect(alerts).toEqual([
        expect.objectContaining({
          rule: "auth-burst",
          count: 10,
          key: { kind: "address", value: "203.0.113.7" },
          sample: expect.objectContaining({ event: "authn_login_fail", route: "/login" }),
        }),
      ]);
      const ids = lines.map((line) => line["http.request.id"]);
      for (const id of alerts[0]?.sample.requestIds ?? []) expect(ids).toContain(id);
    });

    it("count a login once of which the app tells and that it refuses with 401", async () => {
      const app = appWith({});
      await logIn(app, 9, () => ({ "x-status": "401" }));
      expect(rules()).toEqual([]);
      await logIn(app, 1, () => ({ "x-status": "401" }));
      expect(alerts.map(({ count }) => count)).toEqual([10]);
    });

    it("know the accounts of logins that the app tells of", async () => {
      const account = (req: Request) => req.get("x-account");
      const app = appWith({ account });
      await logIn(app, 8, (n) => ({ "x-account": `user${n}` }));
      expect(rules()).toEqual(["user-spray"]);
      await logIn(app, 10, (n) => ({ "x-account": "Victim", "X-Forwarded-For": `10.0.0.${n}` }));
      expect(alerts.at(-1)).toMatchObject({ rule: "auth-burst", key: { kind: "account" } });
    });

    it("take an account for one however it is spelt", async () => {
      const account = (req: Request) => decodeURIComponent(req.get("x-account") ?? "");
      const app = appWith({ account });
      const spellings = ["bob", "BOB", " bob ", "Bob", "ｂｏｂ".normalize(), "bOb", "boB", "BOb"];
      await logIn(app, 10, (n) => ({
        "x-account": encodeURIComponent(spellings[n % spellings.length] ?? ""),
        "X-Forwarded-For": `10.0.0.${n}`,
      }));
      expect(alerts.map(({ rule, key }) => [rule, key.kind])).toEqual([["auth-burst", "account"]]);
      await logIn(app, 8, (n) => ({
        "x-account": encodeURIComponent(spellings[n % spellings.length] ?? ""),
      }));
      expect(rules()).not.toContain("user-spray");
    });

    it("count events of the app by rules that name them, and the caller", async () => {
      const app = appWith({
        defaults: false,
        rules: [
          { name: "payments", when: "payment_fail", by: "subject", threshold: 3, window: "1m" },
        ],
      });
      const headers = { "x-events": "payment_fail order_shipped", "x-user": "u1" };
      await logIn(app, 2, () => headers);
      await logIn(app, 5, () => ({ ...headers, "x-user": "u2", "x-events": "order_shipped" }));
      expect(rules()).toEqual([]);
      await logIn(app, 1, () => headers);
      expect(alerts[0]).toMatchObject({ rule: "payments", count: 3, key: { value: "u1" } });
    });

    it("do not count events that belong to no request", async () => {
      appWith({ rules: [{ name: "r", when: "job_fail", by: "all", threshold: 1, window: "1m" }] });
      audit?.event(null, "job_fail");
      expect(rules()).toEqual([]);
    });

    it("record every success with an event, however few successes are", async () => {
      const app = appWith({}, { sample: { success: 0 } });
      await request(app).get("/");
      await logIn(app, 1, () => ({ "x-events": "order_shipped" }));
      const requests = lines.filter((line) => line["event.name"] === "api_request");
      expect(requests.map((line) => line["audit.events.names"])).toEqual([["order_shipped"]]);
    });

    it("count events of connections by rules that name them", async () => {
      const by = vi.fn(() => "x");
      const broken = { when: "connection_failed", threshold: 3, window: "1m" } as const;
      const app = appWith({
        rules: [
          { ...broken, name: "broken" },
          { ...broken, name: "own", by },
        ],
      });
      const server = app.listen(0, "127.0.0.1");
      audit?.attachServer(server);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      for (let n = 0; n < 3; n += 1) {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.end("NO HTTP\r\n\r\n");
        socket.resume();
        await once(socket, "close");
      }
      server.close();
      expect(alerts).toEqual([
        expect.objectContaining({
          rule: "broken",
          count: 3,
          key: { kind: "address", value: "127.0.0.1" },
          sample: { requestIds: [], event: "connection_failed" },
        }),
      ]);
      expect(by).not.toHaveBeenCalled();
    });

    it("spell a caller who is a honeytoken as records do", async () => {
      const app = appWith(
        { honeytokens: { subjects: "svc-trap" } },
        { privacy: { subject: "pseudonym", key: randomBytes(32) } },
      );
      await request(app).get("/").set("x-user", "svc-trap");
      const named = lines.find((line) => "http.request.id" in line)?.["audit.actor.id"];
      expect(alerts[0]?.touched).toBe(`subject ${named}`);
      expect(JSON.stringify([alerts, lines])).not.toContain("svc-trap");
    });

    it("tell of each honeytoken, though the address has touched another one", async () => {
      const app = appWith({
        honeytokens: { routes: ["/.env", "/wp-login.php"], headers: "x-trap" },
      });
      for (const path of ["/.env", "/.env", "/wp-login.php", "/wp-login.php"])
        await request(app).get(path);
      await request(app).get("/").set("X-Trap", "1");
      expect(alerts.map(({ touched }) => touched)).toEqual([
        "route /.env",
        "route /wp-login.php",
        "header x-trap",
      ]);
    });

    it("tell of an account that is tried while a hundred addresses drown each other", async () => {
      const account = (req: Request) => req.get("x-account");
      const app = appWith({
        account,
        defaults: { "auth-burst": { threshold: 2 }, "user-spray": false },
      });
      for (let n = 0; n < 101; n += 1)
        await logIn(app, 2, () => ({ "X-Forwarded-For": `10.0.0.${n}`, "x-account": `a${n}` }));
      await logIn(app, 2, (n) => ({ "X-Forwarded-For": `10.0.1.${n}`, "x-account": "a0" }));
      expect(alerts.filter(({ key }) => key.kind === "account")).toHaveLength(100);
      expect(alerts.filter(({ key }) => key.kind === "address")).toHaveLength(100);
    });

    it("tell after a storm what it has drowned and still goes on", async () => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const app = appWith({ defaults: { "auth-burst": { threshold: 2, window: "1h" } } });
      for (let n = 0; n < 101; n += 1)
        await logIn(app, 2, () => ({ "X-Forwarded-For": `10.0.0.${n}` }));
      expect(alerts).toHaveLength(100);
      await logIn(app, 5, () => ({ "X-Forwarded-For": "10.0.0.100" }));
      expect(alerts).toHaveLength(100);
      vi.advanceTimersByTime(60_000);
      await logIn(app, 2, () => ({ "X-Forwarded-For": "10.0.0.100" }));
      expect(alerts).toHaveLength(101);
      expect(alerts.at(-1)).toMatchObject({
        key: { value: "10.0.0.100" },
        count: 8,
        suppressed: 1,
      });
    });
  },
);
