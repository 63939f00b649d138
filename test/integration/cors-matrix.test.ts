import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SecureHeadersOptions, secureHeaders } from "../../src/secure-headers/index.js";
import { expressVersions } from "../support/express.js";

type CorsOptions = NonNullable<SecureHeadersOptions["cors"]>;

const APP = "https://app.example.com";

/** As a client may write them; `\u0000` and the like are sent as bytes. */
const SPELLINGS: readonly string[] = [
  APP,
  "https://app.example.com/",
  "https://app.example.com/path",
  "https://app.example.com?x",
  "https://app.example.com#x",
  "https://app.example.com.",
  "https://app.example.com:443",
  "https://app.example.com:0443",
  "https://app.example.com:8443",
  "https://app.example.com:",
  "https://APP.example.com",
  "https://App.Example.Com",
  "HTTPS://app.example.com",
  "http://app.example.com",
  "http://app.example.com:443",
  "https:/app.example.com",
  "https:app.example.com",
  "//app.example.com",
  "app.example.com",
  "https://app.example.com https://evil.example",
  "https://evil.example https://app.example.com",
  "https://app.example.com,https://evil.example",
  "https://app.example.com, https://app.example.com",
  "https://user@app.example.com",
  "https://app.example.com@evil.example",
  "https://app.example.com:pw@evil.example",
  "https://app.example.com\\@evil.example",
  "https://app.example.com.evil.example",
  "https://app.example.comevil.example",
  "https://evil-app.example.com",
  "https://evilapp.example.com",
  "https://evilexample.com",
  "https://app-example.com",
  "https://appXexample.com",
  "https://app.exampleXcom",
  "https://example.com",
  "https://.example.com",
  "https://a.b.example.com",
  "https://a.example.com",
  "https://xn--bcher-kva.example.com",
  "https://b\u00fccher.example.com",
  "https://a_b.example.com",
  "https://-.example.com",
  "https://*.example.com",
  "https://a.example.com:8443",
  "https://a.b.example.com:8443",
  "https://a.example.com:84430",
  "https://a.example.com:08443",
  "https://a%2eexample.com",
  "https://a%00.example.com",
  "https://a/.example.com",
  "https://evil.example/.example.com",
  "https://evil.example?.example.com",
  "https://evil.example#.example.com",
  "https://evil.example\\.example.com",
  "https://evil.example`.example.com",
  "https://evil.example{.example.com",
  "https://evil.example:80.example.com",
  "https://evil.example:443@a.example.com",
  `https://${"a".repeat(63)}.example.com`,
  `https://${"a".repeat(64)}.example.com`,
  `https://${"a.".repeat(4000)}example.com`,
  "null",
  "NULL",
  "Null",
  "undefined",
  "*",
  "''",
  "about:blank",
  "file://",
  "data:text/html,x",
  "blob:https://app.example.com/1",
  "http://localhost",
  "http://localhost:3000",
  "http://localhost:3001",
  "http://localhost:30000",
  "http://localhost.evil.example:3000",
  "http://evil.localhost:3000",
  "http://127.0.0.1:3000",
  "http://127.1:3000",
  "http://2130706433:3000",
  "http://[::1]:3000",
  "http://[0:0:0:0:0:0:0:1]:3000",
  "http://[::ffff:127.0.0.1]:3000",
  "https://localhost:3000",
  "capacitor://localhost",
  "capacitor://localhost:3000",
  "ionic://localhost",
  "Capacitor://localhost",
  "chrome-extension://abcdefghijklmnop",
  "chrome-extension://abcdefghijklmnoq",
];

const A63 = `https://${"a".repeat(63)}.example.com`;

/** Each policy, with every spelling that it may grant: written by hand, and compared letter by letter. */
const POLICIES: readonly (readonly [
  title: string,
  cors: CorsOptions,
  granted: readonly string[],
])[] = [
  ["one origin", { origins: APP, credentials: true }, [APP]],
  [
    "a list",
    { origins: [APP, "http://localhost:3000", "http://[::1]:3000"], credentials: true },
    [APP, "http://localhost:3000", "http://[::1]:3000"],
  ],
  [
    "a pattern",
    { origins: "https://*.example.com", credentials: true },
    [
      APP,
      "https://evil-app.example.com",
      "https://evilapp.example.com",
      "https://a.example.com",
      "https://xn--bcher-kva.example.com",
      "https://a_b.example.com",
      "https://-.example.com",
      A63,
    ],
  ],
  [
    "a pattern with a port",
    { origins: "https://*.example.com:8443", credentials: true },
    ["https://app.example.com:8443", "https://a.example.com:8443"],
  ],
  [
    "apps and extensions",
    { origins: ["capacitor://localhost", "chrome-extension://abcdefghijklmnop"] },
    ["capacitor://localhost", "chrome-extension://abcdefghijklmnop"],
  ],
  ["plain HTTP", { origins: "http://app.example.com" }, ["http://app.example.com"]],
  [
    "a function",
    { origins: (origin) => origin === APP || origin === "null", credentials: true },
    [APP],
  ],
  [
    "an async function that compares loosely",
    { origins: async (origin) => origin.endsWith(".example.com") && origin.startsWith("https://") },
    // As it says, but only what a browser may send as an origin.
    [
      APP,
      "https://evil-app.example.com",
      "https://evilapp.example.com",
      "https://.example.com",
      "https://a.b.example.com",
      "https://a.example.com",
      "https://xn--bcher-kva.example.com",
      "https://a_b.example.com",
      "https://-.example.com",
      A63,
      `https://${"a".repeat(64)}.example.com`,
      `https://${"a.".repeat(4000)}example.com`,
    ],
  ],
];

describe.each(expressVersions)("CORS over the wire on Express %s", (_major, express) => {
  const servers: Server[] = [];
  const ports = new Map<string, number>();

  beforeAll(async () => {
    const all = [...POLICIES, ["everybody", { origins: "*" }] as const];
    for (const [title, cors] of all) {
      const app = express().use(secureHeaders({ cors }));
      app.use((_req, res) => void res.end("body"));
      const server = createServer(app).listen(0, "127.0.0.1");
      servers.push(server);
      await once(server, "listening");
      ports.set(title, (server.address() as AddressInfo).port);
    }
  });
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** The status and the `Access-Control-*` fields of the answer, as they came. */
  async function ask(title: string, lines: readonly string[]) {
    const socket = connect(ports.get(title) ?? 0, "127.0.0.1");
    const head = [...lines, "Host: api.example.com", "Connection: close", "", ""].join("\r\n");
    socket.end(Buffer.from(head, "latin1"));
    const [answer = ""] = (await text(socket)).split("\r\n\r\n", 1);
    const fields = answer.split("\r\n").map((line) => line.split(/: ?(.*)/s));
    const found = Object.fromEntries(
      fields.map(([name = "", value = ""]) => [name.toLowerCase(), value]),
    );
    return {
      status: Number(answer.split(" ", 2)[1]),
      origin: found["access-control-allow-origin"],
      credentials: found["access-control-allow-credentials"],
      others: Object.keys(found).filter((name) => name.startsWith("access-control-")),
      vary: found["vary"],
    };
  }

  const preflight = (origin: string) => [
    "OPTIONS / HTTP/1.1",
    `Origin: ${origin}`,
    "Access-Control-Request-Method: PUT",
    "Access-Control-Request-Headers: authorization",
  ];

  it("has enough of them, each once", () => {
    expect(new Set(SPELLINGS).size).toBe(SPELLINGS.length);
    expect(SPELLINGS.length).toBeGreaterThanOrEqual(60);
    const granted = POLICIES.flatMap(([, , list]) => list);
    expect(granted.filter((spelling) => !SPELLINGS.includes(spelling))).toEqual([]);
  });

  it.each(POLICIES)(
    "grants %s what its list says, and nothing else",
    async (title, cors, granted) => {
      const credentials = cors.credentials === true ? "true" : undefined;
      const wrong: unknown[] = [];
      for (const spelling of SPELLINGS) {
        const may = granted.includes(spelling);
        for (const method of ["GET", "POST"]) {
          const got = await ask(title, [`${method} / HTTP/1.1`, `Origin: ${spelling}`]);
          const right = may
            ? got.origin === spelling && got.credentials === credentials
            : got.others.length === 0;
          if (!right || !got.vary?.includes("Origin")) wrong.push([method, spelling, got]);
        }
        const got = await ask(title, preflight(spelling));
        const right = may
          ? got.status === 204 && got.origin === spelling && got.credentials === credentials
          : got.status === 403 && got.others.length === 0;
        if (!right) wrong.push(["OPTIONS", spelling, got]);
      }
      expect(wrong).toEqual([]);
    },
  );

  it("grants everybody the same, and never a cookie", async () => {
    const wrong: unknown[] = [];
    for (const spelling of SPELLINGS) {
      const read = await ask("everybody", ["GET / HTTP/1.1", `Origin: ${spelling}`]);
      const asked = await ask("everybody", preflight(spelling));
      for (const got of [read, asked]) {
        if (got.origin !== "*" || got.credentials !== undefined) wrong.push([spelling, got]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("grants nothing to a request with two Origin fields that it grants to neither", async () => {
    const two = ["GET / HTTP/1.1", `Origin: ${APP}`, "Origin: https://evil.example"];
    const got = await ask("one origin", two);
    // Node.js keeps the first field; a browser compares the answer with the origin of the page.
    expect([undefined, APP]).toContain(got.origin);
    expect(got.origin).not.toBe("https://evil.example");
  });
});
