import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { DECISION_CHANNEL, type Decision } from "../core/decision/decision.js";
import { type SecureApiOptions, secureApi } from "../secure-api/index.js";
import { secureHeaders } from "./secure-headers.js";
import type { SecureHeadersOptions } from "./secure-headers-options.js";

const APP = "https://app.example.com";
const EVIL = "https://evil.example";
const HOST = { Host: "api.example.com" };
const COOKIE = { Cookie: "sid=1" };

describe.each(expressVersions)("onUpgrade of secureHeaders on Express %s", (_major, express) => {
  let server: Server | undefined;
  const decisions: Decision[] = [];
  const note = (decision: unknown): number => decisions.push(decision as Decision);

  beforeEach(() => {
    decisions.length = 0;
    subscribe(DECISION_CHANNEL, note);
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  });
  afterEach(() => {
    unsubscribe(DECISION_CHANNEL, note);
    vi.restoreAllMocks();
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  /** The status of the answer to a WebSocket handshake, with the server as the docs have it. */
  async function shake(
    options: SecureHeadersOptions,
    headers: Record<string, string>,
    { trustProxy, path = "/live" }: { trustProxy?: unknown; path?: string } = {},
  ): Promise<number> {
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    const security = secureHeaders(options);
    app.use(security);
    server = createServer(app).listen(0, "127.0.0.1");
    server.on("upgrade", (req, socket) => {
      const status = security.onUpgrade(req, app) ? "101 Switching Protocols" : "403 Forbidden";
      socket.end(
        `HTTP/1.1 ${status}\r\nConnection: ${status.startsWith("1") ? "Upgrade\r\nUpgrade: websocket" : "close"}\r\n\r\n`,
      );
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const all = { ...HOST, Connection: "Upgrade", Upgrade: "websocket", ...headers };
    const sent = httpRequest({ port, host: "127.0.0.1", path, headers: all, agent: false });
    sent.end();
    const [answer] = await Promise.race([once(sent, "upgrade"), once(sent, "response")]);
    answer.resume();
    return answer.statusCode;
  }

  const list: SecureHeadersOptions = { cors: { origins: APP } };
  const trusted: SecureHeadersOptions = { cors: { origins: APP, credentials: true } };

  it.each<[string, SecureHeadersOptions, Record<string, string>]>([
    ["no browser", {}, COOKIE],
    ["a page of the server itself", {}, { ...COOKIE, Origin: "http://api.example.com" }],
    [
      "what a browser calls its own page",
      {},
      { ...COOKIE, Origin: EVIL, "Sec-Fetch-Site": "same-origin" },
    ],
    ["a page of its own origin", { crossOriginGuard: { origin: APP } }, { ...COOKIE, Origin: APP }],
    [
      "a listed page with a cookie",
      trusted,
      { ...COOKIE, Origin: APP, "Sec-Fetch-Site": "cross-site" },
    ],
    ["a listed page without one", list, { Origin: APP }],
    [
      "a page for which the function answers at once",
      { cors: { origins: () => true } },
      { Origin: APP },
    ],
    [
      "any page without a cookie, where all are listed",
      { cors: { origins: "*" } },
      { Origin: EVIL },
    ],
    ["any page, with the guard off", { crossOriginGuard: false }, { ...COOKIE, Origin: EVIL }],
    ["a listed host", { hosts: "api.example.com" }, {}],
  ])("lets %s connect", async (_title, options, headers) => {
    expect(await shake(options, headers)).toBe(101);
    expect(decisions).toEqual([]);
  });

  it.each<[string, SecureHeadersOptions, Record<string, string>, string]>([
    ["a foreign page", {}, { ...COOKIE, Origin: EVIL }, "origin_mismatch"],
    ["a foreign page without a cookie, which could read", {}, { Origin: EVIL }, "origin_mismatch"],
    [
      "a foreign page as the browser says",
      trusted,
      { Origin: EVIL, "Sec-Fetch-Site": "cross-site" },
      "cross_site",
    ],
    [
      "a page of a sibling",
      trusted,
      { Origin: "https://x.example.com", "Sec-Fetch-Site": "same-site" },
      "same_site",
    ],
    ["a page without an origin", trusted, { Origin: "null" }, "null_origin"],
    [
      "a listed page with a cookie, without credentials",
      list,
      { ...COOKIE, Origin: APP },
      "credentials_not_allowed",
    ],
    [
      "any page with a cookie, where all are listed",
      { cors: { origins: "*" } },
      { ...COOKIE, Origin: EVIL },
      "credentials_not_allowed",
    ],
    [
      "a page for which the function promises an answer",
      { cors: { origins: async () => true } },
      { Origin: APP },
      "origin_mismatch",
    ],
    [
      "another host",
      { hosts: "api.example.com" },
      { Host: "evil.example", Origin: "http://evil.example" },
      "host_not_allowed",
    ],
    ["plain HTTP", { https: { host: "api.example.com" } }, {}, "plain_http"],
    ["a credential in plain text", { https: { policy: "reject" } }, COOKIE, "plaintext_credential"],
  ])("refuses %s", async (_title, options, headers, reason) => {
    expect(await shake(options, headers)).toBe(403);
    expect(decisions).toMatchObject([
      { guard: "secureHeaders", outcome: "deny", enforced: true, reason },
    ]);
  });

  it("refuses when the function of the app fails", async () => {
    const origins = (): boolean => {
      throw new Error("the database is gone");
    };
    expect(await shake({ cors: { origins } }, { Origin: APP })).toBe(403);
    expect(decisions).toMatchObject([
      { outcome: "error", code: "check_unavailable", reason: "function_failed" },
    ]);
  });

  it("believes a proxy as the app does", async () => {
    const https: SecureHeadersOptions = { https: { policy: "reject" } };
    const proto = { "X-Forwarded-Proto": "https" };
    expect(await shake(https, proto, { trustProxy: "loopback" })).toBe(101);
    expect(await shake(https, proto)).toBe(403);
    const forwarded = {
      ...COOKIE,
      "X-Forwarded-Host": "evil.example",
      Origin: "http://evil.example",
    };
    expect(await shake({}, forwarded)).toBe(403);
    expect(await shake({}, forwarded, { trustProxy: 1 })).toBe(101);
  });

  it("opens exempt paths to every page", async () => {
    const options: SecureHeadersOptions = { crossOriginGuard: { exempt: "GET /public" } };
    expect(await shake(options, { Origin: EVIL }, { path: "/public?a=1" })).toBe(101);
    expect(await shake(options, { Origin: EVIL }, { path: "/Public" })).toBe(403);
  });

  it("tells the app of a credential in plain text", async () => {
    const onPlaintextCredential = vi.fn();
    const https = { policy: "reject", onPlaintextCredential } as const;
    expect(await shake({ https }, { Authorization: "Bearer t" })).toBe(403);
    expect(onPlaintextCredential.mock.calls[0]?.[0].headers.authorization).toBe("Bearer t");
  });

  it("refuses nothing in report mode, and records it", async () => {
    expect(await shake({ mode: "report" }, { ...COOKIE, Origin: EVIL })).toBe(101);
    expect(decisions).toMatchObject([
      {
        enforced: false,
        code: "cross_origin_blocked",
        status: 403,
        first: true,
        cors: { origin: EVIL },
      },
    ]);
  });

  it("is there on the preset, which refuses all without secureHeaders", () => {
    const preset = (options: Partial<SecureApiOptions>) =>
      secureApi({ auditLog: false, oauthGuard: false, rateLimit: false, ...options });
    const req = (headers: object) => ({ headers, url: "/", method: "GET", socket: {} }) as never;
    const foreign = req({ host: "a.example", origin: EVIL });
    expect(preset({}).onUpgrade(req({ host: "a.example" }))).toBe(true);
    expect(preset({}).onUpgrade(foreign)).toBe(false);
    expect(preset({ mode: "report" }).onUpgrade(foreign)).toBe(true);
    expect(preset({ secureHeaders: false }).onUpgrade(req({ host: "a.example" }))).toBe(false);
  });

  it("says that it is no middleware", async () => {
    const app: Express = express();
    app.set("env", "test");
    app.use(secureHeaders().onUpgrade as never);
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toContain("is no middleware");
  });
});
