import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { secureHeaders } from "../secure-headers.js";
import type { SecureHeadersOptions } from "../secure-headers-options.js";
import type { CrossOriginGuardOptions } from "./cross-origin-guard.js";

const APP = "https://app.example.com";
const EVIL = "https://evil.example";
const CROSS = { "Sec-Fetch-Site": "cross-site" };
const COOKIE = { Cookie: "sid=1" };

describe.each(expressVersions)("the cross-origin guard on Express %s", (_major, express) => {
  function appWith(
    crossOriginGuard: CrossOriginGuardOptions,
    options: SecureHeadersOptions = {},
    trustProxy?: string,
  ) {
    const decisions: (readonly Decision[])[] = [];
    const app = express();
    if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
    app.use((req, _res, next) => {
      decisions.push(decisionsOf(req));
      next();
    });
    app.use(secureHeaders({ crossOriginGuard, ...options }));
    app.use((_req, res) => void res.set("Cache-Control", "public, max-age=60").json({ ok: true }));
    return { app, decisions };
  }

  describe("with isolation", () => {
    it.each<[string, "get" | "head" | "options" | "post", Record<string, string>]>([
      ["an image", "get", { ...CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" }],
      ["a script", "get", { ...CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script" }],
      ["a fetch", "get", { ...CROSS, "Sec-Fetch-Mode": "cors", Origin: EVIL }],
      ["a fetch by HEAD", "head", { ...CROSS, "Sec-Fetch-Mode": "cors", Origin: EVIL }],
      ["an object", "get", { ...CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object" }],
      ["an embed", "get", { ...CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed" }],
      ["what says no mode", "get", CROSS],
      ["what says its site twice", "get", { "Sec-Fetch-Site": "same-origin, cross-site" }],
      ["a preflight", "options", { ...CROSS, "Sec-Fetch-Mode": "cors", Origin: EVIL }],
      ["a form, also without a cookie", "post", { ...CROSS, "Sec-Fetch-Mode": "navigate" }],
    ])("keeps from another site: %s", async (_title, method, headers) => {
      const { app, decisions } = appWith({ isolation: true });
      const answer = await request(app)[method]("/").set(headers).expect(403);
      expect(answer.headers["cache-control"]).toBe("no-store");
      if (method !== "head") expect(answer.body.code).toBe("cross_origin_blocked");
      expect(decisions[0]).toMatchObject([{ outcome: "deny", reason: "isolated_resource" }]);
    });

    it.each<[string, "get" | "head" | "post", Record<string, string>]>([
      [
        "who opens a page",
        "get",
        { ...CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
      ],
      [
        "who opens a page in a frame",
        "get",
        { ...CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" },
      ],
      ["a program that looks", "head", { ...CROSS, "Sec-Fetch-Mode": "navigate" }],
      ["its own page", "get", { "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors" }],
      ["the address bar", "get", { "Sec-Fetch-Site": "none" }],
      [
        "a sibling subdomain",
        "get",
        { "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors" },
      ],
      ["an old browser", "get", { Origin: EVIL }],
      ["no browser", "post", {}],
      ["Node's fetch", "get", { "Sec-Fetch-Mode": "cors" }],
    ])("lets %s in", async (_title, method, headers) => {
      const { app } = appWith({ isolation: true });
      await request(app)[method]("/").set(headers).expect(200);
    });

    it("lets pages of listed origins read, and no image of theirs, which says no origin", async () => {
      const { app } = appWith({ isolation: true }, { cors: { origins: APP } });
      const read = { ...CROSS, "Sec-Fetch-Mode": "cors", Origin: APP };
      const answer = await request(app).get("/").set(read).expect(200);
      expect(answer.headers["access-control-allow-origin"]).toBe(APP);
      const preflight = { ...read, "Access-Control-Request-Method": "PUT" };
      await request(app).options("/").set(preflight).expect(204);
      await request(app)
        .get("/")
        .set({ ...CROSS, "Sec-Fetch-Mode": "no-cors" })
        .expect(403);
      // With a cookie and without `credentials`, the guard refuses what changes something.
      await request(app)
        .post("/")
        .set({ ...read, ...COOKIE })
        .expect(403);
    });

    it("tells caches what the answer depends on, also where nothing is refused", async () => {
      const { app } = appWith({ isolation: true }, { cors: { origins: APP } });
      const answer = await request(app).get("/").expect(200);
      expect(answer.headers["vary"]).toBe("Sec-Fetch-Site, Sec-Fetch-Mode, Sec-Fetch-Dest, Origin");
      const refused = await request(app).get("/").set(CROSS).expect(403);
      expect(refused.headers["vary"]).toContain("Sec-Fetch-Site");
      const posted = await request(app).post("/").expect(200);
      expect(posted.headers["vary"]).toBe("Origin");
      const without = await request(appWith({}).app).get("/").expect(200);
      expect(without.headers["vary"]).toBeUndefined();
    });

    it("opens exempt paths, in their exact spelling", async () => {
      const { app, decisions } = appWith({ isolation: true, exempt: "GET /logo.png" });
      const image = { ...CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image" };
      await request(app).get("/logo.png").set(image).expect(200);
      expect(decisions[0]).toMatchObject([{ outcome: "allow", reason: "exempt_path" }]);
      await request(app).get("/LOGO.png").set(image).expect(403);
      await request(app).get("/").set(image).expect(403);
    });

    it("refuses and changes nothing in report mode", async () => {
      const { app, decisions } = appWith({ isolation: true }, { mode: "report" });
      const answer = await request(app).get("/").set(CROSS).expect(200);
      expect(answer.headers["vary"]).toBeUndefined();
      expect(decisions[0]).toMatchObject([
        { enforced: false, code: "cross_origin_blocked", reason: "isolated_resource", first: true },
      ]);
    });
  });

  describe("with its own origin", () => {
    const own = { origin: ["https://api.example.com", "http://localhost:3000"] };

    it("needs no Host, and believes none", async () => {
      const { app, decisions } = appWith(own);
      const send = (origin: string, host: string) =>
        request(app)
          .post("/")
          .set({ ...COOKIE, Host: host, Origin: origin });
      await send("https://api.example.com", "10.0.0.7:3000").expect(200);
      await send("http://localhost:3000", "10.0.0.7:3000").expect(200);
      await send("https://evil.example", "evil.example").expect(403);
      await send("http://api.example.com", "api.example.com").expect(403);
      expect(decisions[2]).toMatchObject([{ reason: "origin_mismatch" }]);
      // What a browser says of the site comes first.
      await send("https://api.example.com", "api.example.com").set(CROSS).expect(403);
    });

    it("takes no page over plain HTTP for its own where it is asked over TLS", async () => {
      const { app } = appWith(own, {}, "loopback");
      const headers = { ...COOKIE, Origin: "http://localhost:3000" };
      await request(app).post("/").set(headers).expect(200);
      await request(app)
        .post("/")
        .set({ ...headers, "X-Forwarded-Proto": "https" })
        .expect(403);
    });

    it.each<[unknown, string]>([
      [undefined, "secureHeaders.crossOriginGuard.origin must not be undefined"],
      [
        "api.example.com",
        'secureHeaders.crossOriginGuard.origin must have a scheme: write "https://api.example.com"',
      ],
      [
        "https://api.example.com/",
        'secureHeaders.crossOriginGuard.origin must be an origin as browsers send it: write "https://api.example.com"',
      ],
      ["*", 'secureHeaders.crossOriginGuard.origin must not be "*"'],
      ["https://*.example.com", 'secureHeaders.crossOriginGuard.origin must not have "*"'],
      ["null", 'secureHeaders.crossOriginGuard.origin must not be "null"'],
      [[], "secureHeaders.crossOriginGuard.origin must be a non-empty string or a list of them"],
    ])("refuses %j at start-up", (origin, problem) => {
      const options = { crossOriginGuard: { origin } } as SecureHeadersOptions;
      expect(() => secureHeaders(options)).toThrow(problem);
    });
  });
});
