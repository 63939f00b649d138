import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import type { RateLimitOptions, RateLimitPolicy } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const ACCOUNT: RateLimitPolicy = {
  name: "account",
  limit: 2,
  window: "15m",
  phase: "after-body",
  match: "POST /login",
  key: (req) => req.body?.email,
};
const ADDRESS: RateLimitPolicy = { name: "address", limit: 100, window: "15m", key: "ip" };
const OFF = { auditLog: false, oauthGuard: false, secureHeaders: false } as const;
const PARSERS = { jsonBody: {}, formBody: {} } as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)(
  "A limit by a member of the body on Express %s",
  (_major, express) => {
    function appWith(
      rateLimit: RateLimitOptions = { policies: [ADDRESS, ACCOUNT] },
      options: Partial<SecureApiOptions> = PARSERS,
      ...infront: RequestHandler[]
    ): Express {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(...infront, secureApi({ ...OFF, rateLimit, ...options }));
      app.all(/^/, (req, res) => void res.json({ body: req.body ?? null }));
      return app;
    }

    const login = (app: Express, email: unknown) => request(app).post("/login").send({ email });
    const remaining = (headers: Record<string, string>): string | undefined =>
      /"account";r=(\d+)/.exec(headers["ratelimit"] ?? "")?.[1];

    it("counts each account for itself, from JSON and from forms together", async () => {
      const app = appWith();
      await login(app, "a@b.co").expect(200);
      await request(app).post("/login").type("form").send("email=a%40b.co").expect(200);
      const refused = await login(app, "a@b.co").expect(429);
      expect(refused.body.code).toBe("rate_limit_exceeded");
      expect(refused.body["violated-policies"]).toEqual(["account"]);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      const other = await login(app, "c@d.co").expect(200);
      expect(other.headers["ratelimit"]).toMatch(/^"address";r=96;t=\d+, "account";r=1;t=\d+$/);
    });

    it.each([
      ["in another letter case", "A@B.Co"],
      ["with spaces around it", "  a@b.co\t"],
      ["with a character that nobody sees", "a@\u200bb.co"],
      ["with a soft hyphen", "a\u00ad@b.co"],
      ["in full width", "ａ@b.co"],
      ["with an accent", "á@b.co"],
      ["with a combining accent", "a\u0301@b.co"],
      ["with an accent that has a letter as its capital", "a\u0345@b.co"],
      ["with a sign of another script that has no weight", "a\u0903@b.co"],
      ["in letters of boxes", "🅰@🅱.co"],
      ["with a letter that stands above another", "a@b.c\u0366"],
    ])("counts an account %s as the same", async (_how, spelling) => {
      const app = appWith();
      await login(app, "a@b.co").expect(200);
      await login(app, spelling).expect(200);
      await login(app, "a@b.co").expect(429);
    });

    it.each([
      ["a@b.co", "b@b.co"],
      ["राम", "रीम"],
      ["张伟", "王伟"],
    ])("keeps %s and %s apart", async (one, other) => {
      const app = appWith();
      for (const email of [one, one, other, other]) await login(app, email).expect(200);
    });

    it.each([
      ["a number", 7],
      ["null", null],
      ["true", true],
      ["an object", { $ne: "" }],
      ["a list", ["a@b.co"]],
      ["text of 1,025 characters", "x".repeat(1025)],
    ])(
      "answers 400, and counts nobody, when the client sends %s for a key",
      async (_what, email) => {
        const app = appWith();
        const refused = await login(app, email).expect(400);
        expect(refused.body.code).toBe("bad_request");
        expect(refused.headers["ratelimit"]).toMatch(/^"address";r=99;/);
        expect(process.emitWarning).not.toHaveBeenCalledWith(
          expect.stringContaining("rateLimit"),
          expect.anything(),
        );
      },
    );

    it("answers 400 to what an async key made of the body, too", async () => {
      const policy = {
        ...ACCOUNT,
        key: async (req: { body?: { email?: never } }) => req.body?.email,
      };
      const app = appWith({ policies: [policy] });
      expect((await login(app, { a: 1 }).expect(400)).body.code).toBe("bad_request");
      await login(app, "a@b.co").expect(200);
      await login(app, "A@b.co").expect(200);
      await login(app, "a@b.co").expect(429);
    });

    it("counts by address where the body has no such member", async () => {
      const app = appWith();
      for (const body of [{}, { name: "x" }])
        await request(app).post("/login").send(body).expect(200);
      await request(app).post("/login").send({}).expect(429);
      await login(app, "a@b.co").expect(200);
    });

    it.each([
      ["text", "text/plain", "email=a"],
      ["multipart", "multipart/form-data; boundary=x", "--x--"],
      ["JSON by another name", "text/json", "{}"],
      ["XML", "application/xml", "<a/>"],
    ])("refuses %s, and does not count it by address", async (_what, type, body) => {
      const app = appWith();
      for (let n = 0; n < 3; n += 1) {
        const refused = await request(app)
          .post("/login")
          .set("Content-Type", type)
          .send(body)
          .expect(415);
        expect(refused.body.code).toBe("unsupported_media_type");
        expect(remaining(refused.headers)).toBeUndefined();
      }
      await request(app).post("/login").send({}).expect(200);
    });

    it("refuses a body without a media type, and one whose parser is off", async () => {
      const server = appWith().listen(0, "127.0.0.1");
      await once(server, "listening");
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/login`;
      const answer = await fetch(url, { method: "POST", body: Buffer.from("email=a") });
      expect(answer.status).toBe(415);
      server.close();
      const app = appWith({ policies: [ACCOUNT] }, { jsonBody: {} });
      await request(app).post("/login").type("form").send("email=a").expect(415);
    });

    it("refuses a request without a body, and one of no bytes", async () => {
      const app = appWith();
      for (const ask of [
        request(app).post("/login"),
        request(app)
          .post("/login")
          .set("Content-Type", "application/json")
          .set("Content-Length", "0"),
        request(app)
          .post("/login")
          .set("Content-Type", "application/json")
          .set("Transfer-Encoding", "chunked"),
      ]) {
        const refused = await ask.expect(400);
        expect(refused.body.code).toBe("bad_request");
      }
    });

    it("lets safe requests without a body pass uncounted, unless they name another method", async () => {
      const app = appWith({ policies: [{ ...ACCOUNT, match: "/login" }] });
      for (let n = 0; n < 4; n += 1) await request(app).get("/login").expect(200);
      await request(app).head("/login").expect(200);
      await request(app).get("/login").set("X-HTTP-Method-Override", "POST").expect(400);
      await request(app).get("/login?_method=POST").expect(400);
      await request(app).delete("/login").expect(400);
    });

    it("concerns only what match covers, in every spelling", async () => {
      const app = appWith();
      await request(app).post("/other").set("Content-Type", "text/plain").send("x").expect(200);
      await request(app).post("/other").expect(200);
      await request(app).post("/LOGIN/").set("Content-Type", "text/plain").send("x").expect(415);
      await request(app).post("/%6Cogin").expect(400);
    });

    it("leaves malformed bodies to the parsers, and their charge to the address", async () => {
      const refused = await request(appWith())
        .post("/login")
        .set("Content-Type", "application/json")
        .send("{")
        .expect(400);
      expect(refused.body.code).toBe("malformed_json");
      expect(refused.headers["ratelimit"]).toMatch(/^"address";r=99;/);
    });

    it("takes a body that a parser in front of the preset has read", async () => {
      const app = appWith(undefined, PARSERS, express.json());
      await login(app, "a@b.co").expect(200);
      await login(app, "a@b.co").expect(200);
      await login(app, "a@b.co").expect(429);
    });

    it.each([
      ["a mark of another script, repeated", "a\u0483\u0483@b.co", "a@b.co"],
      ["a letter with a stroke", "s\u00f8ren@b.co", "soren@b.co"],
      ["a dotless i", "\u0131@b.co", "i@b.co"],
      [
        "a final sigma",
        "\u039d\u0399\u039a\u039f\u03a3@b.co",
        "\u03bd\u03b9\u03ba\u03bf\u03c3@b.co",
      ],
      ["a filler that nobody sees", "a\u3164\u115f\u180b@b.co", "a@b.co"],
      ["a sharp s", "STRASSE@b.co", "stra\u00dfe@b.co"],
    ])("counts %s as the same account", async (_what, one, other) => {
      const app = appWith();
      await login(app, one).expect(200);
      await login(app, other).expect(200);
      await login(app, one).expect(429);
    });

    it("takes no text and no bytes that something in front has read", async () => {
      for (const parser of [express.text({ type: "*/*" }), express.raw({ type: "*/*" })]) {
        await login(appWith(undefined, PARSERS, parser), "a@b.co").expect(415);
      }
    });

    it("gives the charges of address and caller back when it refuses", async () => {
      const issuer = createTestIssuer();
      const app = appWith(
        {
          policies: [
            { ...ADDRESS, limit: 4 },
            { name: "caller", limit: 4, window: "15m", key: "principal" },
            { ...ACCOUNT, limit: 1 },
          ],
        },
        { ...PARSERS, oauthGuard: issuer.options() },
      );
      const token = issuer.mint({ sub: "alice" });
      const ask = (email: string) => login(app, email).auth(token, { type: "bearer" });
      await ask("a@b.co").expect(200);
      for (let n = 0; n < 6; n += 1) {
        const refused = await ask("a@b.co").expect(429);
        expect(refused.headers["ratelimit"]).toMatch(
          /^"address";r=3;.*"caller";r=3;.*"account";r=0;/,
        );
      }
      await ask("c@d.co").expect(200);
    });

    it("keeps the charge of the address when it refuses a stranger, who chose what is counted", async () => {
      const app = appWith({
        policies: [
          { ...ADDRESS, limit: 4 },
          { ...ACCOUNT, limit: 1 },
        ],
      });
      await login(app, "a@b.co").expect(200);
      for (const left of [2, 1, 0]) {
        const refused = await login(app, "a@b.co").expect(429);
        expect(refused.body["violated-policies"]).toEqual(["account"]);
        expect(refused.headers["ratelimit"]).toMatch(new RegExp(`^"address";r=${left};`));
      }
      const { body } = await login(app, "c@d.co").expect(429);
      expect(body["violated-policies"]).toEqual(["address"]);
    });

    it("runs on public routes, too", async () => {
      const app = appWith(
        { policies: [ACCOUNT] },
        { ...PARSERS, oauthGuard: createTestIssuer().options(), publicRoutes: ["POST /login"] },
      );
      await login(app, "a@b.co").expect(200);
      await login(app, "a@b.co").expect(200);
      await login(app, "a@b.co").expect(429);
    });

    it("answers 503 when the key function throws, and does not let the request pass", async () => {
      const app = appWith({
        policies: [{ ...ACCOUNT, key: (req) => req.body.user.email }],
      });
      expect((await login(app, "a").expect(503)).body.code).toBe("check_unavailable");
    });

    describe("in report mode", () => {
      async function decisionsWhile(act: () => Promise<unknown>): Promise<string[]> {
        const seen: string[] = [];
        const listen = (message: unknown): void => {
          const { guard, code, reason, policy } = message as Record<string, string>;
          const parts = [code, reason, policy].filter((part) => part !== undefined);
          if (guard === "rateLimit") seen.push(parts.join(" "));
        };
        subscribe("express-secure-api:decision", listen);
        await act();
        unsubscribe("express-secure-api:decision", listen);
        return seen;
      }

      it("records what enforcing would do, while parsers give the body back", async () => {
        const app = (express as unknown as () => Express)();
        vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
        app.use(
          secureApi({ ...OFF, ...PARSERS, mode: "report", rateLimit: { policies: [ACCOUNT] } }),
        );
        app.use(express.json(), express.text());
        app.post("/login", (req, res) => void res.json(req.body));
        const decisions = await decisionsWhile(async () => {
          for (const email of ["a@b.co", "A@b.co", "a@b.co", { a: 1 }]) {
            expect((await login(app, email).expect(200)).body).toEqual({ email });
          }
          await request(app).post("/login").type("text/plain").send("x").expect(200);
          await request(app).post("/login").expect(200);
        });
        expect(decisions).toEqual([
          "ok",
          "ok",
          "rate_limit_exceeded limit_exceeded account",
          "bad_request unusable_key account",
          "unsupported_media_type unread_body account",
          "bad_request missing_body account",
        ]);
      });

      it("says in the audit record which policy would refuse, also where nothing can be counted", async () => {
        const lines: Record<string, unknown>[] = [];
        const sink = new Transport({
          log(info, next) {
            lines.push(JSON.parse(info[Symbol.for("message")]));
            next();
          },
        });
        const other = { ...ACCOUNT, name: "other", key: async () => "x", limit: 100 };
        const app = appWith(
          { policies: [other, ACCOUNT] },
          {
            ...PARSERS,
            mode: "report",
            auditLog: { sinks: [sink] },
          },
        );
        for (const sent of [
          { email: { $ne: "" } },
          { email: "a" },
          { email: "a" },
          { email: "a" },
        ]) {
          await request(app).post("/login").send(sent).expect(200);
        }
        await request(app).post("/login").type("text/plain").send("x").expect(200);
        await vi.waitFor(() => expect(reports()).toHaveLength(3));
        expect(reports()).toEqual([
          ["unusable_key", "account"],
          ["limit_exceeded", "account"],
          ["unread_body", "other"],
        ]);

        function reports(): unknown[][] {
          return lines
            .filter((line) => line["audit.reported.first"] === "rateLimit")
            .map((line) => [line["audit.reported.reason"], line["audit.reported.policy"]]);
        }
      });

      it("reports behind parsers that enforce", async () => {
        const app = appWith({ policies: [ACCOUNT], mode: "report" });
        const decisions = await decisionsWhile(async () => {
          for (let n = 0; n < 3; n += 1) await login(app, "a@b.co").expect(200);
        });
        expect(decisions.at(-1)).toBe("rate_limit_exceeded limit_exceeded account");
      });
    });
  },
);

describe("The options of a limit by a member of the body", () => {
  function problemsOf(policy: object, options: Partial<SecureApiOptions> = PARSERS): string {
    try {
      secureApi({
        ...OFF,
        rateLimit: { policies: [ADDRESS, policy as RateLimitPolicy] },
        ...options,
      });
    } catch (error) {
      if (error instanceof OptionsError) return error.message;
    }
    return "";
  }

  it.each<[string, object, Partial<SecureApiOptions>, string]>([
    [
      "no parser",
      {},
      {},
      'secureApi.rateLimit.policies[1].phase must not be "after-body" without jsonBody or formBody',
    ],
    [
      "parsers that are off",
      {},
      { jsonBody: false, formBody: false },
      "without jsonBody or formBody",
    ],
    [
      "a parser in report mode",
      {},
      { jsonBody: { mode: "report" }, formBody: {} },
      "behind a parser in report mode",
    ],
    ["no match", { match: undefined }, PARSERS, "policies[1].match"],
    [
      "a match with a method that has no body",
      { match: ["POST /login", "GET /login"] },
      PARSERS,
      'policies[1].match must not name GET with phase: "after-body": such requests have no body',
    ],
    [
      "a match that the only parser leaves alone",
      {},
      { jsonBody: { except: "POST /login" } },
      "secureApi.rateLimit.policies[1].match must not be covered by except of jsonBody: no body",
    ],
    [
      "a match that both parsers leave alone, also in report mode",
      { match: ["POST /token", "POST /auth/login"] },
      {
        mode: "report",
        jsonBody: { except: ["/webhooks/*", "/auth/*"] },
        formBody: { except: "POST /auth/:form" },
      },
      "policies[1].match[1] must not be covered by except of jsonBody and formBody",
    ],
    ["another phase", { phase: "after-parse" }, PARSERS, "policies[1].phase must be"],
    ["no phase", { phase: undefined }, PARSERS, "policies[1].phase must be"],
    ['the key "ip"', { key: "ip" }, PARSERS, "policies[1].phase must be left out"],
    ['the key "principal"', { key: "principal" }, PARSERS, "policies[1].phase must be left out"],
  ])("refuse %s", (_what, policy, options, problem) => {
    expect(problemsOf({ ...ACCOUNT, ...policy }, options)).toContain(problem);
  });

  it("refuse a policy without match", () => {
    const { match: _match, ...without } = ACCOUNT;
    expect(problemsOf(without)).toContain(
      'policies[1].match must be given with phase: "after-body"',
    );
  });

  it("take one parser, and reporting parsers behind a limit that reports", () => {
    expect(problemsOf(ACCOUNT, { formBody: {} })).toBe("");
    const except = "POST /login";
    expect(problemsOf(ACCOUNT, { jsonBody: { except }, formBody: {} })).toBe("");
    expect(problemsOf({ ...ACCOUNT, match: "/login" }, { jsonBody: { except } })).toBe("");
    expect(problemsOf(ACCOUNT, { ...PARSERS, mode: "report" })).toBe("");
  });
});
