import type { Express } from "express";
import type { SignOptions } from "jsonwebtoken";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideText } from "../support/guide.js";
import {
  ADA,
  BOB,
  blocksOf,
  GUIDE,
  mint,
  put,
  reasonsOf,
  runStep,
  secret,
  sections,
} from "../support/migration-guide.js";

const LOOK = "Look beside express-jwt";
const SIGN = /^function sign[\s\S]*?^\}\n/m;
const OLD_GUARD = /^app\.use\(\n {2}expressjwt\([\s\S]*?^\);\n/m;
const decisions = listenToDecisions();

const [before = ""] = blocksOf("express-jwt");
const [sign = "", report = ""] = blocksOf(LOOK);
const [enforce = "", end = ""] = blocksOf("Enforce in front of express-jwt");
const [last = ""] = blocksOf("Remove express-jwt");
const [old = ""] = OLD_GUARD.exec(before) ?? [];

/** The app with the guard of a step, and with what follows it. */
const appWith =
  (guard: string, then: string, atEnd = "") =>
  () =>
    put(put(before, SIGN, sign), OLD_GUARD, guard + then) + atEnd;

const STEPS: readonly (readonly [string, () => string, boolean | undefined])[] = [
  ["before", () => before, undefined],
  ["looking", appWith(report, old), false],
  ["enforcing beside express-jwt", appWith(enforce, old, end), true],
  ["without express-jwt", appWith(enforce, last, end), true],
];

const token = (claims: object, options?: SignOptions) =>
  mint({ id: "u1", username: "ada", aud: "blog-api", jti: "j1" }, claims, options);

/** What the first column of the table says is sent. */
const SENT: Readonly<Record<string, string>> = {
  "the token of a link that resets a password, signed with the same secret": token({
    username: undefined,
    purpose: "password",
  }),
  "a token without `exp`": token({ exp: undefined }),
  "a token that does not name the user": token({ id: undefined }),
  "a token of another app with the same secret": token({ aud: "shop-api" }),
  "a token of this app from before, without `aud`": token({ aud: undefined }),
};

beforeEach(() => {
  vi.stubEnv("JWT_SECRET", secret);
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("an app with express-jwt on Express %s", (_major, express) => {
  let revoked: Set<unknown>;
  let isDown: boolean;

  beforeEach(() => {
    revoked = new Set();
    isDown = false;
  });

  const given = {
    users: new Map([ADA, BOB].map((user) => [user.id, user])),
    checkPassword: (name: string, password: string) =>
      password === "pw" ? [ADA, BOB].find((user) => user.name === name) : undefined,
    isRevoked: async (id: unknown) => {
      if (isDown) throw new Error("the database is gone");
      return revoked.has(id);
    },
  };

  const run = (code: string): Express => runStep(express as () => Express, code, given);
  const get = (app: Express, path: string, sent: string, scheme = "Bearer") =>
    request(app).get(path).set("Authorization", `${scheme} ${sent}`);
  const login = (app: Express, name: string, password = "pw") =>
    request(app).post("/login").send({ name, password });
  const lastOfGuard = () => decisions.filter(({ guard }) => guard === "oauthGuard").at(-1);

  describe.each(STEPS)("%s", (name, build, enforced) => {
    it("serves users who have logged in, with both schemes, and handlers get the claims", async () => {
      const app = run(build());
      const { body } = await login(app, "ada").expect(200);
      for (const scheme of ["Bearer", "Token"]) {
        const me = await get(app, "/me", body.token, scheme).expect(200);
        expect(me.body).toEqual({ id: "u1", name: "ada" });
      }
      if (enforced !== undefined) expect(lastOfGuard()?.outcome).toBe("allow");
    });

    it("leaves public routes public, with a token and with any other field", async () => {
      const app = run(build());
      await login(app, "ada", "other").expect(401, { error: "wrong name or password" });
      await request(app).get("/articles").expect(200, { reader: "nobody" });
      await get(app, "/articles", token({})).expect(200, { reader: "nobody" });
      await get(app, "/articles", "x.y.z").expect(200, { reader: "nobody" });
    });

    it("refuses requests without a valid token, in the form that clients know", async () => {
      const app = run(build());
      const answers = [
        await request(app).get("/me"),
        await get(app, "/me", "x.y.z"),
        await get(app, "/me", `${token({})}x`),
        await get(app, "/me", token({ exp: 1 })),
      ];
      for (const { status, body, headers } of answers) {
        expect(status).toBe(401);
        expect(body).toEqual({ error: expect.any(String) });
        if (enforced) expect(headers["www-authenticate"]).toMatch(/^Bearer realm="api"/);
      }
    });

    it("answers a malformed field with 400 in place of 401 once the guard enforces", async () => {
      const { status, body } = await request(run(build()))
        .get("/me")
        .set("Authorization", "Bearer");
      expect(status).toBe(enforced ? 400 : 401);
      if (enforced) expect(body.code).toBe("invalid_request");
    });

    it("refuses a token that was revoked", async () => {
      const app = run(build());
      revoked.add("j1");
      const { body } = await get(app, "/me", token({})).expect(401);
      expect(body).toEqual({ error: expect.any(String) });
      revoked.clear();
      await get(app, "/me", token({})).expect(200);
    });

    it("does not let a token pass while nobody knows whether it was revoked", async () => {
      isDown = true;
      const { status, body } = await get(run(build()), "/me", token({}));
      expect(status).toBe(name === "without express-jwt" ? 503 : 500);
      if (status === 503) expect(body.code).toBe("check_unavailable");
    });

    it("answers other refusals as problem documents", async () => {
      const app = run(build().replace("limit: 300", "limit: 1"));
      await request(app).get("/articles").expect(200);
      const { status, body, headers } = await request(app).get("/articles");
      expect(status).toBe(enforced ? 429 : 200);
      if (!enforced) return;
      expect(body.code).toBe("rate_limit_exceeded");
      expect(headers["content-type"]).toContain("application/problem+json");
      expect(headers["retry-after"]).toMatch(/^\d+$/);
    });

    it.each(reasonsOf(LOOK))("meets %s", async (sent, reason) => {
      expect(SENT).toHaveProperty([sent]);
      const { status } = await get(run(build()), "/me", SENT[sent] ?? "");
      const passes = enforced !== true || reason === "accepted_without";
      expect(status).toBe(passes ? 200 : 401);
      if (enforced !== undefined) expect(lastOfGuard()).toMatchObject({ reason });
    });
  });

  it("does not start without its variable", () => {
    vi.stubEnv("JWT_SECRET", undefined);
    expect(() => run(appWith(report, old)())).toThrow("secureApi.oauthGuard.secret");
    expect(() => run(appWith(enforce, last, end)())).toThrow("secureApi.oauthGuard.secret");
  });
});

describe("the guide", () => {
  it("has a row for each token that is sent", () => {
    expect(reasonsOf(LOOK).map(([sent]) => sent)).toEqual(Object.keys(SENT));
  });

  it("enforces what it looked at, and adds only the form of the answers", () => {
    const start = "const onDenied";
    const [, form = ""] = enforce.match(/^(const onDenied[\s\S]*?^\};\n\n)/m) ?? [];
    expect(form).toContain(start);
    const without = enforce.replace(form, "").replace("    onDenied,\n", "");
    expect(without).toBe(report.replace('    mode: "report",\n', ""));
  });

  it("has no code that no test runs", () => {
    const withCode = sections.filter(({ blocks }) => blocks("js").length > 0);
    expect(withCode.map(({ heading }) => heading)).toEqual([
      "express-jwt",
      LOOK,
      "Enforce in front of express-jwt",
      "Remove express-jwt",
      "Optional tokens",
      "passport-jwt",
      "Look beside passport",
      "Enforce in front of passport",
      "Remove passport",
    ]);
    expect(guideText(GUIDE)).not.toContain("```ts");
  });
});
