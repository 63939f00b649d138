import { readFileSync } from "node:fs";
import { createServer, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { http2Request, http2Server } from "../../../test/support/http2.js";
import { secureHeaders } from "../secure-headers.js";

const HSTS = "max-age=63072000; includeSubDomains";
const fixtures = join(process.cwd(), "src/secure-headers/fixtures");
const certificate = {
  key: readFileSync(join(fixtures, "test-key.pem")),
  cert: readFileSync(join(fixtures, "test-certificate.pem")),
};

/** The Strict-Transport-Security field of one answer over TLS. */
async function overTls(app: RequestHandler, host: string): Promise<string | undefined> {
  const server = createServer(certificate, app as never);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise((done, fail) => {
      const outgoing = httpsRequest(
        {
          port,
          host: "127.0.0.1",
          headers: { host },
          ca: certificate.cert,
          servername: "api.example.com",
          agent: false,
        },
        (answer) => {
          answer.resume();
          answer.on("end", () => done(answer.headers["strict-transport-security"]));
        },
      );
      outgoing.on("error", fail).end();
    });
  } finally {
    server.close();
  }
}

function warnings(): string[] {
  const codes: string[] = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((_: string, { code }: { code: string }) => {
    codes.push(code);
  }) as never);
  return codes;
}

describe.each(expressVersions)("Strict-Transport-Security on Express %s", (_major, express) => {
  it.each([
    ["api.example.com", HSTS],
    ["api.example.com:8443", HSTS],
    ["localhost", undefined],
    ["localhost:8443", undefined],
    ["LOCALHOST:8443", undefined],
    ["api.localhost", undefined],
    ["localhost.", undefined],
    ["api.localhost.:8443", undefined],
    ["127.0.0.1.:8443", undefined],
    ["api.example.com.", HSTS],
    ["127.0.0.1:8443", undefined],
    ["[::1]:8443", undefined],
  ])("over TLS to %s is %s", async (host, expected) => {
    const app = express().use(secureHeaders());
    expect(await overTls(app, host)).toBe(expected);
  });

  it("is never sent over plain HTTP, whatever an untrusted client claims", async () => {
    warnings();
    const app = express().use(secureHeaders());
    const answer = await request(app)
      .get("/")
      .set({ Host: "api.example.com", "X-Forwarded-Proto": "https" });
    expect(answer.headers["strict-transport-security"]).toBeUndefined();
  });

  it.each<[string, Record<string, string>, string | undefined]>([
    ["that came over TLS", { Host: "api.example.com", "X-Forwarded-Proto": "https" }, HSTS],
    ["that came in plain", { Host: "api.example.com", "X-Forwarded-Proto": "http" }, undefined],
    ["without a word on TLS", { Host: "api.example.com" }, undefined],
    [
      "to another name",
      {
        Host: "10.0.0.7:3000",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "api.example.com",
      },
      HSTS,
    ],
    [
      "to localhost",
      {
        Host: "api.example.com",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "localhost:3000",
      },
      undefined,
    ],
    ["to localhost in Host", { Host: "localhost:3000", "X-Forwarded-Proto": "https" }, undefined],
    [
      "whose proxy put its upstream's address into Host",
      { Host: "10.0.0.7:3000", "X-Forwarded-Proto": "https" },
      HSTS,
    ],
  ])("behind a trusted proxy follows a request %s", async (_title, headers, expected) => {
    const app = express().set("trust proxy", "loopback").use(secureHeaders());
    const answer = await request(app).get("/").set(headers);
    expect(answer.headers["strict-transport-security"]).toBe(expected);
  });

  it.each([
    ["hsts: false", { hsts: false as const }, undefined],
    [
      "hsts options",
      { hsts: { maxAge: "365d", preload: true } },
      "max-age=31536000; includeSubDomains; preload",
    ],
    ["hsts taken back", { hsts: { maxAge: "0s", includeSubDomains: false } }, "max-age=0"],
    ["helmet's options", { helmet: { hsts: { includeSubDomains: false } } }, "max-age=63072000"],
    ["report mode", { mode: "report" as const }, undefined],
    ["always", { hsts: { always: true } }, HSTS],
  ])("follows %s", async (_title, options, expected) => {
    const app = express().use(secureHeaders(options));
    expect(await overTls(app, "api.example.com")).toBe(expected);
  });

  it.each([
    ["api.example.com", HSTS],
    ["api.example.com:8080", HSTS],
    ["localhost:8080", undefined],
    ["127.0.0.1", undefined],
    ["[::1]:8080", undefined],
  ])(
    "is sent over plain HTTP to %s as %s with always, for a silent load balancer",
    async (host, expected) => {
      const codes = warnings();
      const app = express().use(secureHeaders({ hsts: { always: true } }));
      for (const headers of [
        {},
        { "X-Forwarded-Proto": "https" },
        { "X-Forwarded-Host": "localhost" },
      ]) {
        const answer = await request(app)
          .get("/")
          .set({ Host: host, ...headers });
        expect(answer.headers["strict-transport-security"]).toBe(expected);
      }
      expect(codes).toEqual([]);
    },
  );

  it("goes to the name in :authority over HTTP/2, where clients send no Host", async () => {
    const app = express().use(secureHeaders({ hsts: { always: true } }));
    app.use((_req, res) => void res.end());
    const server = http2Server(app);
    const sent = async (name: string) => {
      const { headers } = await http2Request(server, { ":path": "/", ":authority": name });
      return headers["strict-transport-security"] !== undefined;
    };
    try {
      expect([await sent("api.example.com"), await sent("localhost")]).toEqual([true, false]);
    } finally {
      server.close();
    }
  });

  it("is not forced in report mode", async () => {
    const app = express().use(secureHeaders({ mode: "report", hsts: { always: true } }));
    const answer = await request(app).get("/").set("Host", "api.example.com");
    expect(answer.headers["strict-transport-security"]).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ["X-Forwarded-Proto", { "X-Forwarded-Proto": "https" }],
    ["X-Forwarded-Proto of two proxies", { "X-Forwarded-Proto": "HTTPS, http" }],
    ["Forwarded", { Forwarded: 'for=192.0.2.1;proto="https";host=api.example.com' }],
  ])(
    "warns once per app when %s says TLS and Express does not trust it",
    async (_title, headers) => {
      const codes = warnings();
      for (const mode of ["enforce", "report"] as const) {
        const app = express().use(secureHeaders({ mode }), secureHeaders({ mode }));
        for (let n = 0; n < 3; n += 1) {
          const answer = await request(app)
            .get("/")
            .set({ Host: "api.example.com", ...headers });
          expect(answer.headers["strict-transport-security"]).toBeUndefined();
        }
      }
      const code = "EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_PROTO";
      expect(codes).toEqual([code, code]);
    },
  );

  it.each<[string, unknown, Parameters<typeof secureHeaders>[0], Record<string, string>]>([
    ["a proxy is trusted", "loopback", {}, { "X-Forwarded-Proto": "https" }],
    [
      "a trusted proxy says http",
      "loopback",
      {},
      { "X-Forwarded-Proto": "http", Forwarded: "proto=https" },
    ],
    ["nobody claims TLS", false, {}, {}],
    ["http is claimed", false, {}, { "X-Forwarded-Proto": "http" }],
    ["something else is", false, {}, { "X-Forwarded-Proto": "httpsx", Forwarded: "proto=httpsx" }],
    ["the header is off", false, { hsts: false }, { "X-Forwarded-Proto": "https" }],
  ])("gives no warning when %s", async (_title, trust, options, headers) => {
    const codes = warnings();
    const app = express().set("trust proxy", trust).use(secureHeaders(options));
    await request(app)
      .get("/")
      .set({ Host: "api.example.com", ...headers });
    expect(codes).toEqual([]);
  });
});
