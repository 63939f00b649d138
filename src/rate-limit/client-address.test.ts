import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { rateLimit } from "./rate-limit.js";

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("the address of the client on Express %s", (_major, express) => {
  function appWith(trustProxy: unknown, options: { ipv6Prefix?: number } = {}) {
    const app = express();
    app.set("trust proxy", trustProxy);
    app.use(rateLimit({ limit: 1, window: "1h", ...options }));
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }

  function warnings(): string[] {
    const codes: string[] = [];
    vi.spyOn(process, "emitWarning").mockImplementation(((
      _text: string,
      { code }: { code: string },
    ) => {
      codes.push(code);
    }) as never);
    return codes;
  }

  it.each([
    [56, "2001:db8:1:100::1", "2001:db8:1:1ff:ffff:ffff:ffff:ffff", 429],
    [56, "2001:db8:1:100::1", "2001:db8:1:200::1", 200],
    [64, "2001:db8:1:100::1", "2001:db8:1:101::1", 200],
    [32, "2001:db8:1::1", "2001:db8:ffff::1", 429],
    [128, "2001:db8::1", "2001:db8::2", 200],
    [128, "2001:db8::1", "2001:DB8:0:0:0:0:0:1", 429],
    [56, "198.51.100.1", "198.51.100.2", 200],
    [56, "198.51.100.1", "::ffff:198.51.100.1", 429],
    [56, "198.51.100.1", "::ffff:c633:6401", 429],
    [56, "198.51.100.1", "64:ff9b::c633:6401", 429],
    [56, "::ffff:198.51.100.1", "::ffff:198.51.100.2", 200],
    [56, "fe80::1%eth0", "fe80::1%eth1", 429],
  ])(
    "with an IPv6 prefix of %i, %s and then %s is answered %i",
    async (prefix, first, second, status) => {
      const app = appWith(1, { ipv6Prefix: prefix });
      await request(app).get("/").set("X-Forwarded-For", first).expect(200);
      await request(app).get("/").set("X-Forwarded-For", second).expect(status);
    },
  );

  it("counts a client that rotates through its /56 as one, by default", async () => {
    const app = appWith(1);
    await request(app).get("/").set("X-Forwarded-For", "2001:db8:1:100::1").expect(200);
    for (let index = 0; index < 20; index += 1) {
      const address = `2001:db8:1:1${(index * 12 + 7).toString(16).padStart(2, "0")}::${index}`;
      await request(app).get("/").set("X-Forwarded-For", address).expect(429);
    }
  });

  it("does not let a client choose its address when no proxy is trusted", async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const app = appWith(false);
    await request(app).get("/").set("X-Forwarded-For", "198.51.100.1").expect(200);
    await request(app).get("/").set("X-Forwarded-For", "198.51.100.2").expect(429);
  });

  it.each([
    [true, ["EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY"]],
    ["0.0.0.0/1, 128.0.0.0/1", ["EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY"]],
    [() => true, ["EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY"]],
    [1, []],
    [2, ["EXPRESS_SECURE_API_FORGEABLE_ADDRESS"]],
    [3, ["EXPRESS_SECURE_API_FORGEABLE_ADDRESS"]],
    ["loopback, 10.0.0.0/8", []],
    [(_address: string, hop: number) => hop < 2, []],
    [failing, []],
    [false, ["EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_FOR"]],
    [0, ["EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_FOR"]],
  ])(
    "with trust proxy %o, a forwarded request gives the warnings %o, once for each app",
    async (trust, codes) => {
      const given = warnings();
      for (const app of [appWith(trust), appWith(trust)]) {
        app.use(rateLimit({ limit: 1, window: "1h" }));
        for (let count = 0; count < 2; count += 1) {
          await request(app).get("/elsewhere").set("X-Forwarded-For", "198.51.100.1");
        }
      }
      expect(given).toEqual([...codes, ...codes]);
    },
  );

  describe("of whom several addresses are sent", () => {
    async function warningsOf(trust: unknown, fields: readonly string[], count = 25) {
      const given = warnings();
      const app = appWith(trust);
      const server = app.listen(0, "127.0.0.1");
      for (let client = 1; client <= count; client += 1) {
        for (const field of fields) {
          const value = field
            .replace("8CLIENT", String(client % 7))
            .replace("CLIENT", `198.51.100.${client}`);
          await request(server).get("/").set("X-Forwarded-For", value);
        }
      }
      server.close();
      return given;
    }

    it.each<[string, unknown, string]>([
      ["a load balancer that adds its own address", 1, "CLIENT, 203.0.113.80"],
      ["a second proxy that no network covers", "loopback", "CLIENT, 203.0.113.80"],
      ["a first proxy that no network covers", "10.0.0.0/8", "CLIENT"],
      ["one of several addresses", 1, "CLIENT, 203.0.113.8CLIENT"],
      ["ports", 1, "CLIENT:4711, 203.0.113.80:4712"],
      ["a function", (_address: string, hop: number) => hop < 1, "CLIENT, 203.0.113.80"],
    ])("warns once that all share one limit, with %s", async (_title, trust, field) => {
      expect(await warningsOf(trust, [field])).toEqual(["EXPRESS_SECURE_API_SHARED_ADDRESS"]);
    });

    it.each(["unknown", "_hidden", "client.example"])(
      "warns once that the proxy names its client %s",
      async (name) => {
        const given = await warningsOf(1, [name, `CLIENT, ${name}`]);
        expect(given).toEqual(["EXPRESS_SECURE_API_SHARED_ADDRESS"]);
      },
    );

    it.each<[string, unknown, readonly string[]]>([
      ["clients are told apart", 1, ["203.0.113.8, CLIENT"]],
      ["most have nobody in front of them", 1, ["8.8.8.8", "CLIENT, 203.0.113.80"]],
      ["the networks cover all proxies", "loopback, 203.0.113.0/24", ["CLIENT, 203.0.113.80"]],
      ["the number covers all proxies", 2, ["CLIENT, 203.0.113.80"]],
      ["one client sends one address", 1, ["8.8.8.8, 203.0.113.80"]],
    ])("does not warn where %s", async (_title, trust, fields) => {
      expect(await warningsOf(trust, fields)).toEqual([]);
    });

    it("does not warn of few", async () => {
      expect(await warningsOf(1, ["CLIENT, 203.0.113.80"], 19)).toEqual([]);
    });
  });

  it.each(["Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP"])(
    "gives a warning, once for each app, where a proxy names clients in %s alone",
    async (name) => {
      const given = warnings();
      for (const app of [appWith(1), appWith(false)]) {
        app.use(rateLimit({ limit: 1, window: "1h" }));
        await request(app).get("/");
        for (let count = 0; count < 2; count += 1)
          await request(app).get("/").set(name, "for=8.8.8.8");
      }
      const code = "EXPRESS_SECURE_API_UNREAD_FORWARDED";
      expect(given).toEqual([code, code]);
    },
  );

  it("gives none for such fields beside X-Forwarded-For", async () => {
    const given = warnings();
    await request(appWith(1))
      .get("/")
      .set("X-Forwarded-For", "8.8.8.8")
      .set("X-Real-IP", "8.8.8.8");
    expect(given).toEqual([]);
  });

  describe("over a Unix socket", () => {
    const FIELD = "203.0.113.9, 198.51.100.1";
    /** Asks with this `X-Forwarded-For`, in turn; gives the statuses. */
    async function statusesOf(app: Express, fields: readonly (string | undefined)[]) {
      const path = join(mkdtempSync(join(tmpdir(), "rate-limit-")), "socket");
      const server = app.listen(path);
      await once(server, "listening");
      const statuses: unknown[] = [];
      try {
        for (const field of fields) {
          const headers = field === undefined ? {} : { "X-Forwarded-For": field };
          const [answer] = await once(get({ socketPath: path, headers, agent: false }), "response");
          answer.resume();
          statuses.push(answer.statusCode);
        }
      } finally {
        server.close();
      }
      return statuses;
    }

    it.each<[string, unknown]>([
      ["the number of proxies", 1],
      ["a function that knows the socket", (address?: string) => address === undefined],
      [
        "a function that knows the socket and a network",
        (address?: string) => address === undefined || address.startsWith("10."),
      ],
    ])("%s tells clients apart, and believes nothing that they wrote", async (_title, trust) => {
      const given = warnings();
      const fields = ["198.51.100.1", FIELD, "198.51.100.1, 198.51.100.2", "198.51.100.2"];
      expect(await statusesOf(appWith(trust), fields)).toEqual([200, 429, 200, 429]);
      expect(given).toEqual([]);
    });

    it.each<[string, unknown]>([
      ["loopback", "loopback"],
      ["networks", ["10.0.0.0/8", "uniquelocal"]],
      ["off", false],
      ["a function that does not know the socket", (address?: string) => address === "10.0.0.1"],
    ])(
      "clients share one quota when trust proxy is %s, and a warning says so once",
      async (_title, trust) => {
        const given = warnings();
        const app = appWith(trust);
        app.use(rateLimit({ limit: 1, window: "1h" }));
        expect(await statusesOf(app, ["198.51.100.1", "198.51.100.2", FIELD])).toEqual([
          200, 429, 429,
        ]);
        expect(given).toEqual(["EXPRESS_SECURE_API_NO_CLIENT_ADDRESS"]);
      },
    );

    it("warns as well when no proxy names a client", async () => {
      const given = warnings();
      expect(await statusesOf(appWith(1), [undefined, undefined])).toEqual([200, 429]);
      expect(given).toEqual(["EXPRESS_SECURE_API_NO_CLIENT_ADDRESS"]);
    });

    it("is closed when the function of trust proxy cannot cope with it", async () => {
      warnings();
      const app = appWith((address: string) => address.startsWith("10."));
      expect(await statusesOf(app, ["198.51.100.1", "198.51.100.2"])).toEqual([503, 503]);
    });
  });

  it("gives no warning for direct requests without a proxy", async () => {
    const given = warnings();
    await request(appWith(false)).get("/").expect(200);
    expect(given).toEqual([]);
  });
});

function failing(address: string): boolean {
  if (address === "8.8.4.4") throw new Error("unknown address");
  return true;
}
