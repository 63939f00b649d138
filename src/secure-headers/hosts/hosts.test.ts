import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import request from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";
import type { HostsOptions } from "./hosts-options.js";

type Hosts = NonNullable<SecureHeadersOptions["hosts"]>;

const LIST = [
  "api.example.com",
  "localhost:3000",
  "127.0.0.1:*",
  "[::1]:3000",
  "*.tenants.example.com",
  "xn--bcher-kva.example",
];

describe.each(expressVersions)("hosts on Express %s", (_major, express) => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  function appWith(hosts: Hosts, options: SecureHeadersOptions = {}, trustProxy?: unknown) {
    const decisions: (readonly Decision[])[] = [];
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders({ hosts, ...options }));
    app.use((_req, res) => void res.json({ ok: true }));
    return { app, decisions };
  }

  async function raw(head: string, hosts: Hosts = LIST): Promise<string> {
    server = createServer({ requireHostHeader: false }, appWith(hosts).app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.end(`${head}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  }

  it.each([
    "api.example.com",
    "API.Example.COM",
    "api.example.com.",
    "api.example.com:443",
    "api.example.com:80",
    "api.example.com:",
    "localhost:3000",
    "localhost:03000",
    "127.0.0.1",
    "127.0.0.1:54321",
    "[::1]:3000",
    "[0:0:0:0:0:0:0:1]:3000",
    "acme.tenants.example.com",
    "xn--bcher-kva.example",
  ])("lets requests for %s pass", async (host) => {
    const { app, decisions } = appWith(LIST);
    await request(app).get("/").set("Host", host).expect(200);
    await request(app).get("/").set("Host", host).expect(200);
    expect(decisions.flat()).toEqual([]);
  });

  it.each([
    "evil.example",
    "api.example.com.evil.example",
    "evil-api.example.com",
    "xapi.example.com",
    "example.com",
    "api.example.com:8443",
    "localhost",
    "localhost:3001",
    "127.0.0.2:3000",
    "[::1]",
    "[::2]:3000",
    "tenants.example.com",
    "a.b.tenants.example.com",
    ".tenants.example.com",
    "acme.tenants.example.com:8443",
    "0x7f.1:3000",
  ])("refuses requests for %s with 421", async (host) => {
    const { app, decisions } = appWith(LIST);
    const answer = await request(app).get("/").set("Host", host);
    if (host.startsWith(".")) {
      expect(answer.status).toBe(400);
      return;
    }
    expect(answer.status).toBe(421);
    expect(answer.body).toMatchObject({ status: 421, code: "misdirected_request" });
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(JSON.stringify(answer.body)).not.toContain(host);
    expect(decisions[0]).toMatchObject([
      { outcome: "deny", enforced: true, reason: "host_not_allowed", status: 421 },
    ]);
  });

  it.each([
    "user@api.example.com",
    "api.example.com/",
    "api.example.com api.example.com",
    "api.example.com,evil.example",
    "api.example.com:99999999",
    "api.example.com\\@evil.example",
    "api..example.com",
    "%61pi.example.com",
  ])("refuses what is no host, %s, with 400", async (host) => {
    const { app, decisions } = appWith(LIST);
    const answer = await request(app).get("/").set("Host", host).expect(400);
    expect(answer.body.code).toBe("bad_request");
    expect(decisions[0]).toMatchObject([{ reason: "malformed_host", status: 400 }]);
  });

  it.each([
    ["without a host", "GET / HTTP/1.0", 421],
    ["with an empty one", "GET / HTTP/1.1\r\nHost:", 421],
    ["with two", "GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: evil.example", 400],
    [
      "with the same one twice",
      "GET / HTTP/1.1\r\nHost: api.example.com\r\nhost: api.example.com",
      400,
    ],
    [
      "with another one in its target",
      "GET http://evil.example/ HTTP/1.1\r\nHost: api.example.com",
      400,
    ],
    [
      "with the same one in its target",
      "GET http://api.example.com/ HTTP/1.1\r\nHost: api.example.com",
      200,
    ],
  ])("answers a request %s as the standards say", async (_title, head, status) => {
    expect(await raw(head)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it("reads the authority over HTTP/2", async () => {
    const h2 = http2Server(appWith(LIST).app);
    const get = (headers: object) => http2Request(h2, { ":path": "/", ...headers });
    try {
      expect((await get({ ":authority": "api.example.com" })).status).toBe(200);
      expect((await get({ ":authority": "evil.example" })).status).toBe(421);
      const both = { ":authority": "api.example.com", host: "evil.example" };
      expect((await get(both)).status).toBe(400);
    } finally {
      h2.close();
    }
  });

  it("judges what a trusted proxy forwards as well as Host, and ignores anybody else", async () => {
    const forwarded = (app: ReturnType<typeof appWith>["app"], host: string, by: string) =>
      request(app).get("/").set({ Host: host, "X-Forwarded-Host": by });
    const trusting = appWith(["api.example.com", "backend:3000"], {}, "loopback");
    await forwarded(trusting.app, "backend:3000", "api.example.com").expect(200);
    await forwarded(trusting.app, "backend:3000", "evil.example").expect(421);
    // A page that has rebound its name can send the field through a proxy that hands it on.
    await forwarded(trusting.app, "evil.example", "api.example.com").expect(421);
    await forwarded(trusting.app, "backend:3000", "api.example.com, evil.example").expect(421);
    expect(trusting.decisions.flat().map(({ reason }) => reason)).toEqual([
      "forwarded_host_not_allowed",
      "host_not_allowed",
      "forwarded_host_not_allowed",
    ]);
    const { app } = appWith("api.example.com");
    await forwarded(app, "api.example.com", "evil.example").expect(200);
    await forwarded(app, "evil.example", "api.example.com").expect(421);
  });

  it("answers exempt paths for every host", async () => {
    const hosts: HostsOptions = { allowed: "api.example.com", exempt: "GET /healthz" };
    const { app } = appWith(hosts);
    await request(app).get("/healthz").set("Host", "10.0.0.7:3000").expect(200);
    await request(app).get("/healthz/").set("Host", "10.0.0.7:3000").expect(421);
    await request(app).post("/healthz").set("Host", "10.0.0.7:3000").expect(421);
    await request(app).get("/").set("Host", "10.0.0.7:3000").expect(421);
  });

  it("refuses before CORS answers a preflight, and before the guard believes the browser", async () => {
    const cors = { origins: "http://app.example.com" };
    const { app } = appWith("api.example.com", { cors, crossOriginGuard: true });
    const preflight = { Origin: cors.origins, "Access-Control-Request-Method": "PUT" };
    const refused = await request(app)
      .options("/")
      .set({ Host: "evil.example", ...preflight });
    expect(refused.status).toBe(421);
    expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
    const rebound = { Host: "evil.example", Cookie: "sid=1", "Sec-Fetch-Site": "same-origin" };
    await request(app).post("/").set(rebound).expect(421);
    await request(app)
      .options("/")
      .set({ Host: "api.example.com", ...preflight })
      .expect(204);
  });

  it("refuses nothing in report mode", async () => {
    const { app, decisions } = appWith("api.example.com", { mode: "report" });
    await request(app).get("/").set("Host", "evil.example").expect(200, { ok: true });
    expect(decisions[0]).toMatchObject([
      {
        enforced: false,
        code: "misdirected_request",
        status: 421,
        reason: "host_not_allowed",
        first: true,
      },
    ]);
  });
});

describe("the options of hosts", () => {
  it.each<[unknown, string]>([
    [undefined, "secureHeaders.hosts must not be undefined: is it read from a variable"],
    [
      false,
      "secureHeaders.hosts must be a list of hosts or an options object, got false: leave it out",
    ],
    [[], "secureHeaders.hosts must be a non-empty string or a list of them, got an empty list"],
    [[undefined], "secureHeaders.hosts[0] must be a non-empty string, got undefined"],
    ["", "secureHeaders.hosts must be a non-empty string, got an empty string"],
    ["undefined:3000", "secureHeaders.hosts must not hold what an unset variable"],
    ["*", 'secureHeaders.hosts must not be "*": leave hosts out'],
    [
      "https://api.example.com",
      'secureHeaders.hosts must be a host without scheme and path: write "api.example.com"',
    ],
    [
      "API.example.com",
      'secureHeaders.hosts must be a host as browsers send it: write "api.example.com"',
    ],
    [
      "api.example.com.",
      'secureHeaders.hosts must be a host as browsers send it: write "api.example.com"',
    ],
    [
      "b\u00fccher.example",
      'secureHeaders.hosts must be a host as browsers send it: write "xn--bcher-kva.example"',
    ],
    [
      "127.1:3000",
      'secureHeaders.hosts must be a host as browsers send it: write "127.0.0.1:3000"',
    ],
    ["::1", 'secureHeaders.hosts must have an IPv6 address in brackets: write "[::1]"'],
    ["[0::1]", 'secureHeaders.hosts must be a host as browsers send it: write "[::1]"'],
    [
      "api.example.com:443",
      'secureHeaders.hosts must leave the ports of URLs out: write "api.example.com"',
    ],
    ["localhost:70000", "secureHeaders.hosts must have a port from 1 to 65535"],
    ["localhost:0", "secureHeaders.hosts must have a port from 1 to 65535"],
    ["a.example,b.example", "secureHeaders.hosts must hold one host per entry"],
    ["api.*.com", 'secureHeaders.hosts must have "*" only as the whole first label or the port'],
    [
      "*.github.io",
      "secureHeaders.hosts must not have a wildcard over a domain where anybody can get a subdomain",
    ],
    [
      "*.com",
      "secureHeaders.hosts must not have a wildcard over a domain where anybody can get a subdomain",
    ],
    ["*.10.0.0.1", "secureHeaders.hosts must not have a wildcard in an IP address"],
    ["secret:hunter2@host", "secureHeaders.hosts must be a host such as"],
    [["a.example", "a.example"], "secureHeaders.hosts[1] must not repeat an earlier entry"],
    [{}, "secureHeaders.hosts.allowed must be a non-empty string or a list of them, got undefined"],
    [
      { allowed: "a.example", exempt: "/*" },
      "secureHeaders.hosts.exempt must not cover every route",
    ],
  ])("refuses %j", (hosts, problem) => {
    const make = () => secureHeaders({ hosts } as SecureHeadersOptions);
    expect(make).toThrow(problem);
    expect(make).not.toThrow("hunter2");
  });
});
