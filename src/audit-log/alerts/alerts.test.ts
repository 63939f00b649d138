import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { AddressInfo } from "node:net";
import type { Express, Request, RequestHandler } from "express";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { createGuard } from "../../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import type { ErrorCode } from "../../core/refusal/error-code.js";
import { HttpError } from "../../core/refusal/http-error.js";
import {
  ALERT_CHANNEL,
  type Alert,
  type AlertOptions,
  type AuditLog,
  type AuditLogOptions,
  auditLog,
} from "../index.js";

const MESSAGE = Symbol.for("message");
type Line = Record<string, unknown>;
interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const scope = new AsyncLocalStorage<string>();
let audit: AuditLog | undefined;
let stop = async (): Promise<void> => undefined;
let lines: Line[] = [];
let alerts: Alert[] = [];
let scopes: (string | undefined)[] = [];
const keep = (alert: unknown): void => {
  alerts.push(alert as Alert);
  scopes.push(scope.getStore());
};

afterEach(async () => {
  unsubscribe(ALERT_CHANNEL, keep);
  vi.restoreAllMocks();
  await stop();
  await audit?.close();
});

const [enforcing, reporting] = (["enforce", "report"] as const).map((mode) => {
  const guard = createGuard("oauthGuard", "authentication", { mode, onDenied: "respond" });
  return guard.middleware((req, res, next) => {
    const [code = "", reason = ""] = (req.get("x-refuse") ?? "").split(" ");
    const error = new HttpError(code as ErrorCode);
    guard.refuse(error, req, res, next, reason === "" ? {} : { reason });
  });
}) as unknown as [RequestHandler, RequestHandler];

/** Refuses with the code and the reason that the request asks for; `x-user` is who calls. */
const refusing: RequestHandler = (req, res, next) => {
  const user = req.get("x-user");
  if (user !== undefined)
    setPrincipalSource(req, createPrincipal({ subject: user, issuer: "https://idp.test" }));
  if (req.get("x-refuse") === undefined) next();
  else (req.get("x-report") === undefined ? enforcing : reporting)(req, res, next);
};

type Send = (count: number, ask: (index: number) => Ask) => Promise<void>;

async function serve(
  express: () => Express,
  options: AlertOptions | boolean | undefined,
  more: AuditLogOptions = {},
): Promise<Send> {
  lines = [];
  alerts = [];
  scopes = [];
  const sink = new Transport({
    log(info, next) {
      lines.push(JSON.parse(info[MESSAGE]));
      next();
    },
  });
  const given = options === undefined ? {} : { alerts: options };
  audit = auditLog({ sinks: [sink], ...given, ...more });
  subscribe(ALERT_CHANNEL, keep);
  const app = express();
  app.set("trust proxy", true);
  app.use((_req, _res, next) => scope.run("request", next), audit, refusing);
  app.get("/orders/:id", (req, res) => {
    res.status(Number(req.get("x-status") ?? 404)).end();
  });
  app.get("/things/:id", (req, res) => void res.status(Number(req.get("x-status") ?? 200)).end());
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  stop = async () => {
    stop = async () => undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const { port } = server.address() as AddressInfo;
  return async (count, ask) => {
    for (let index = 0; index < count; index += 1) {
      const { path = "/", method = "GET", from = "203.0.113.7", headers = {} } = ask(index);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { "X-Forwarded-For": from, ...headers },
      });
      await answer.arrayBuffer();
    }
    // The record of the last request is written when its answer is over, which the client may hear of first.
    await expect
      .poll(() => lines.filter((line) => "http.request.id" in line).length)
      .toBeGreaterThanOrEqual(count);
  };
}

const refuse = (what: string, headers: Readonly<Record<string, string>> = {}): Ask => ({
  headers: { "x-refuse": what, ...headers },
});
const rules = (): string[] => alerts.map(({ rule }) => rule);

describe.each(expressVersions)("alerts on Express %s", (_major, express) => {
  it("are a record and a message with the same content, both outside of the request", async () => {
    const send = await serve(express, undefined);
    await send(12, () => refuse("invalid_token bad_signature"));
    expect(alerts).toHaveLength(1);
    const [alert] = alerts;
    const ids = lines
      .filter((line) => "http.request.id" in line)
      .map((line) => line["http.request.id"]);
    expect(alert).toEqual({
      rule: "auth-burst",
      appSensor: "AE2, AE3",
      severity: "CRITICAL",
      key: { kind: "address", value: "203.0.113.7" },
      count: 10,
      threshold: 10,
      window: "1m",
      first: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      last: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      sample: { requestIds: ids.slice(5, 10), event: "authn_login_fail" },
    });
    expect(Object.isFrozen(alert) && Object.isFrozen(alert?.key)).toBe(true);
    expect(Date.parse(alert?.first ?? "")).toBeLessThanOrEqual(Date.parse(alert?.last ?? ""));
    const record = lines.find((line) => "security_rule.name" in line);
    expect(record).toMatchObject({
      "event.name": "authn_login_fail_max",
      "audit.actor.type": "system",
      "audit.severity": "CRITICAL",
      "audit.alert.count": 10,
      "audit.alert.event": "authn_login_fail",
      "audit.alert.key": "203.0.113.7",
      "audit.alert.key_kind": "address",
      "audit.alert.requests": ids.slice(5, 10),
      "audit.alert.threshold": 10,
      "audit.alert.window": "1m",
      "client.address": "203.0.113.7",
      "security_rule.category": "AE2, AE3",
      "security_rule.name": "auth-burst",
    });
    const names = Object.keys(record ?? {});
    expect(names).toEqual([...names].sort());
    // It stands in front of the record of the request that was the last straw.
    expect(lines.indexOf(record ?? {})).toBe(
      lines.findIndex((line) => line["http.request.id"] === ids[9]) - 1,
    );
    expect(scopes).toEqual([undefined]);
  });

  it("are told of a caller who tries objects of others, which the answers hide", async () => {
    const send = await serve(express, { defaults: { "authz-scan": false } });
    await send(15, (index) => ({
      path: `/orders/${index}`,
      headers: { "x-refuse": "not_found not_owner", "x-user": "u1" },
    }));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      rule: "bola-enum",
      count: 15,
      key: { kind: "subject", value: "https://idp.test u1" },
    });
    expect(lines.some((line) => line["event.name"] === "malicious_direct_reference")).toBe(true);
  });

  it("say nothing while they are switched off", async () => {
    const send = await serve(express, false);
    await send(12, () => refuse("invalid_token bad_signature"));
    expect(rules()).toEqual([]);
    expect(lines.some((line) => "security_rule.name" in line)).toBe(false);
  });

  it.each<[string, string, (index: number) => Ask, number, Partial<Alert>]>([
    [
      "auth-burst",
      "logins that the app refuses",
      () => ({ path: "/things/1", headers: { "x-status": "401" } }),
      10,
      { key: { kind: "address", value: "203.0.113.7" } },
    ],
    [
      "token-reuse",
      "one token that was revoked",
      () => refuse("invalid_token token_revoked"),
      1,
      { severity: "CRITICAL", appSensor: "SE4" },
    ],
    [
      "authz-scan",
      "one caller refused on many routes",
      (index) => ({
        path: `/${index % 5}`,
        headers: { "x-refuse": "access_denied missing_role", "x-user": "u1" },
        from: `198.51.100.${index}`,
      }),
      10,
      { key: { kind: "subject", value: "https://idp.test u1" }, count: 10 },
    ],
    [
      "bola-enum",
      "one caller asking for many objects that are not there",
      (index) => ({ path: `/orders/${index}?a=${index}`, headers: { "x-user": "u1" } }),
      15,
      {
        key: { kind: "subject", value: "https://idp.test u1" },
        count: 15,
        sample: expect.objectContaining({ route: "/orders/:id" }),
      },
    ],
    [
      "excess-404",
      "one address asking for what is not there",
      (index) => ({ path: `/no/${index % 2}` }),
      30,
      { key: { kind: "address", value: "203.0.113.7" } },
    ],
    [
      "validation-probe",
      "bad input",
      () => refuse("validation_failed unknown_field"),
      20,
      { key: { kind: "address", value: "203.0.113.7" } },
    ],
    [
      "limit-storm",
      "limits that are exceeded, by whomever",
      (index) => ({ ...refuse("rate_limit_exceeded limit_exceeded"), from: `10.1.1.${index}` }),
      100,
      { key: { kind: "all", value: "all" } },
    ],
    [
      "5xx-spike",
      "a route that fails",
      () => ({ path: "/things/1", headers: { "x-status": "500" } }),
      20,
      { key: { kind: "route", value: "/things/:id" } },
    ],
  ])("are told by %s of %s", async (rule, _what, ask, threshold, expected) => {
    const send = await serve(express, undefined);
    await send(threshold - 1, ask);
    expect(rules()).toEqual([]);
    await send(3, (index) => ask(threshold - 1 + index));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({ rule, threshold, ...expected });
  });

  it("take a request without a credential for no failed login, in rules of the app as well", async () => {
    const counted = { threshold: 1, window: "1m" };
    const send = await serve(express, {
      defaults: false,
      rules: [
        { name: "by-name", when: "authn_login_fail", ...counted },
        { name: "by-function", when: ({ event }) => event === "authn_login_fail", ...counted },
      ],
    });
    await send(1, () => refuse("authentication_required no_credentials"));
    expect(rules()).toEqual(["by-function"]);
  });

  it.each<[string, number, (index: number) => Ask]>([
    ["requests without a credential", 40, () => refuse("authentication_required no_credentials")],
    ["tokens that have expired", 40, () => refuse("invalid_token token_expired")],
    [
      "refusals of many addresses",
      40,
      (index) => ({ ...refuse("invalid_token bad_signature"), from: `10.1.1.${index}` }),
    ],
    [
      "objects that are found",
      40,
      (index) => ({ path: `/things/${index}`, headers: { "x-user": "u1" } }),
    ],
    [
      "one object that is asked for again and again",
      20,
      () => ({ path: "/orders/1", headers: { "x-user": "u1" } }),
    ],
    [
      "what report mode lets through",
      40,
      () => refuse("validation_failed", { "x-report": "1", "x-status": "200" }),
    ],
  ])("are not told of %s", async (_what, count, ask) => {
    const send = await serve(express, { defaults: { "excess-404": false } });
    await send(count, ask);
    expect(rules()).toEqual([]);
  });

  it("count what report mode lets through where they are told to", async () => {
    const send = await serve(express, { countReported: true });
    await send(20, () => ({
      path: "/things/1",
      ...refuse("validation_failed", { "x-report": "1" }),
    }));
    expect(rules()).toEqual(["validation-probe"]);
  });

  it("count an IPv6 network as one address", async () => {
    const send = await serve(express, undefined);
    await send(10, (index) => ({
      ...refuse("invalid_token bad_signature"),
      from: `2001:db8:1:2::${index}`,
    }));
    expect(alerts[0]?.key).toEqual({ kind: "address", value: "2001:db8:1:2::" });
  });

  it("know accounts apart where the app names them, and never tell their names", async () => {
    const account = vi.fn(async (req: Request) => req.get("x-account"));
    const send = await serve(express, { account });
    await send(8, (index) => ({
      path: "/things/1",
      headers: { "x-status": "401", "x-account": `victim${index}@example.com` },
    }));
    await expect.poll(rules).toEqual(["user-spray"]);
    await send(10, (index) => ({
      path: "/things/1",
      from: `198.51.100.${index}`,
      headers: { "x-status": "401", "x-account": "target@example.com" },
    }));
    await expect.poll(rules).toEqual(["user-spray", "auth-burst"]);
    expect(alerts.at(-1)?.key).toEqual({
      kind: "account",
      value: expect.stringMatching(/^[\w-]{16}$/),
    });
    expect(JSON.stringify([alerts, lines])).not.toMatch(/victim|target/);
    await send(2, () => ({ path: "/things/1" }));
    expect(account).toHaveBeenCalledTimes(18);
  });

  it("are told of a honeytoken at once, by its name and not by what was sent", async () => {
    const honeytokens = {
      routes: ["/admin.php", "GET /backup/*"],
      headers: ["X-Debug"],
      subjects: ["https://idp.test trap"],
    };
    const send = await serve(express, { honeytokens });
    const asks: Ask[] = [
      { path: "/ADMIN.php?secret=1", from: "10.0.0.1" },
      { path: "/a/../backup/%64b.sql", from: "10.0.0.2" },
      { headers: { "x-debug": "zq9SECRET" }, from: "10.0.0.3" },
      { headers: { "x-user": "trap" }, from: "10.0.0.4" },
      { path: "/admin", from: "10.0.0.5" },
    ];
    await send(asks.length, (index) => asks[index] ?? {});
    expect(alerts.map(({ rule, key, touched }) => [rule, key.value, touched])).toEqual([
      ["honeytoken", "10.0.0.1", "route /admin.php"],
      ["honeytoken", "10.0.0.2", "route GET /backup/*"],
      ["honeytoken", "10.0.0.3", "header x-debug"],
      ["honeytoken", "10.0.0.4", "subject https://idp.test trap"],
    ]);
    expect(JSON.stringify([alerts, lines])).not.toContain("zq9SECRET");
  });

  it("follow rules of the app", async () => {
    const send = await serve(express, {
      defaults: false,
      rules: [
        {
          name: "exports",
          when: ({ route }) => route === "/things/:id",
          threshold: 3,
          window: "1m",
        },
        {
          name: "denied twice",
          when: "authz_fail",
          by: "subject",
          threshold: 2,
          window: "1h",
          severity: "CRITICAL",
        },
        {
          name: "many things",
          when: async ({ status }) => status === 200,
          by: ({ req }) => req.get("x-team"),
          distinct: "targets",
          threshold: 3,
          window: "1m",
        },
        { name: "everything", when: () => true, by: "all", threshold: 7, window: "1m" },
      ],
    });
    await send(4, (index) => ({ path: `/things/${index}`, headers: { "x-team": "red" } }));
    await send(2, () => refuse("access_denied", { "x-user": "u1" }));
    await send(2, () => refuse("access_denied"));
    await expect.poll(() => alerts.length).toBe(4);
    const told = alerts.map(({ rule, key, severity, count }) => [
      rule,
      key.kind,
      key.value,
      severity,
      count,
    ]);
    expect(told.sort()).toEqual([
      ["denied twice", "subject", "https://idp.test u1", "CRITICAL", 2],
      ["everything", "all", "all", "WARN", 7],
      ["exports", "address", "203.0.113.7", "WARN", 3],
      ["many things", "own", "red", "WARN", 3],
    ]);
    expect(lines.filter((line) => line["event.name"] === "security_alert")).toHaveLength(4);
  });

  it("take numbers of the app for the default rules", async () => {
    const send = await serve(express, {
      defaults: {
        "auth-burst": { threshold: 3, window: "10s", cooldown: "1s" },
        "excess-404": false,
      },
    });
    await send(35, () => ({}));
    expect(rules()).toEqual([]);
    await send(3, () => refuse("invalid_token bad_signature"));
    expect(alerts[0]).toMatchObject({ rule: "auth-burst", threshold: 3, window: "10s" });
  });

  it("outlive a clock that is set back or ahead", async () => {
    const send = await serve(express, undefined);
    const { now } = Date;
    let shift = 0;
    vi.spyOn(Date, "now").mockImplementation(() => now() + shift);
    for (let index = 0; index < 10; index += 1) {
      shift = (index % 2 === 0 ? 1 : -1) * 86_400_000;
      await send(1, () => refuse("invalid_token bad_signature"));
    }
    expect(rules()).toEqual(["auth-burst"]);
    const { first = "", last = "" } = alerts[0] ?? {};
    expect(Date.parse(last) - Date.parse(first)).toBeGreaterThanOrEqual(0);
    expect(Date.parse(last) - Date.parse(first)).toBeLessThan(60_000);
  });

  it("tell once that a sink loses records, on the channel only", async () => {
    let isBroken = false;
    const broken = new Transport({
      log(_info, next) {
        if (isBroken) throw Object.assign(new Error("x"), { code: "ENOSPC" });
        next();
      },
    });
    const kept: Line[] = [];
    const other = new Transport({
      log(info, next) {
        kept.push(JSON.parse(info[MESSAGE]));
        next();
      },
    });
    const send = await serve(express, undefined, { sinks: [broken, other] });
    isBroken = true;
    lines = kept;
    await send(5, () => ({ path: "/things/1" }));
    expect(rules()).toEqual(["audit-gap"]);
    expect(alerts[0]).toMatchObject({
      severity: "CRITICAL",
      key: { kind: "sink", value: expect.stringMatching(/^sinks\[0\] /) },
      sample: { event: "ENOSPC", requestIds: [] },
    });
    // A record of it would be lost as well; the log tells of losses by itself.
    expect(kept.some((line) => "security_rule.name" in line)).toBe(false);
  });

  it("are not told after the log was closed", async () => {
    const send = await serve(express, undefined);
    await send(9, () => refuse("invalid_token bad_signature"));
    const count = lines.length;
    await audit?.close();
    await expect(send(1, () => refuse("invalid_token bad_signature"))).resolves.toBeUndefined();
    expect(rules()).toEqual([]);
    expect(lines).toHaveLength(count + 1);
  });
});
