import type { Express } from "express";
import type { SignOptions } from "jsonwebtoken";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import {
  ADA,
  BOB,
  blocksOf,
  mint,
  put,
  reasonsOf,
  runStep,
  secret,
} from "../support/migration-guide.js";

const LOOK = "Look beside passport";
const SIGN = /^function sign[\s\S]*?^\}\n/m;
const STRATEGY = /^passport\.use\([\s\S]*?^\);\n/m;
const OLD_AUTH = /^const auth = passport\.authenticate.*;\n/m;
const BOTH_AUTHS = /^const auth = \[guard, passport\..*;\n/m;
const REQUIRES =
  /^const passport = require\("passport"\);\nconst .* = require\("passport-jwt"\);\n/m;
const decisions = listenToDecisions();

const [before = ""] = blocksOf("passport-jwt");
const [sign = "", report = ""] = blocksOf(LOOK);
const [enforce = ""] = blocksOf("Enforce in front of passport");
const [last = ""] = blocksOf("Remove passport");

const beside = (guard: string) => () => put(put(before, SIGN, sign), OLD_AUTH, guard);

function withoutPassport(): string {
  const bare = put(put(put(before, SIGN, sign), STRATEGY, ""), REQUIRES, "");
  const code = put(bare, OLD_AUTH, put(enforce, BOTH_AUTHS, last));
  expect(code).not.toContain("passport");
  return code;
}

const STEPS: readonly (readonly [string, () => string, boolean | undefined])[] = [
  ["before", () => before, undefined],
  ["looking", beside(report), false],
  ["enforcing beside passport", beside(enforce), true],
  ["without passport", withoutPassport, true],
];

const token = (claims: object, options?: SignOptions) =>
  mint({ sub: "u1", type: "access", aud: "shop-api" }, claims, options);

/** What the first column of the table says is sent. */
const SENT: Readonly<Record<string, string>> = {
  "the refresh token": token({ type: "refresh" }),
  'the token of a link that resets a password, with `type: "resetPassword"`': token({
    type: "resetPassword",
  }),
  "a token of another type, such as `invitation`": token({ type: "invitation" }),
  "a token without `exp`": token({ exp: undefined }),
  "a token of another app with the same secret": token({ aud: "blog-api" }),
  "a token signed with HS512, which passport-jwt takes without `algorithms`": token(
    {},
    { algorithm: "HS512" },
  ),
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

describe.each(expressVersions)("an app with passport-jwt on Express %s", (_major, express) => {
  let users: Map<string, typeof ADA>;
  let isDown: boolean;

  beforeEach(() => {
    users = new Map([ADA, BOB].map((user) => [user.id, user]));
    isDown = false;
  });

  const given = {
    checkPassword: (name: string, password: string) =>
      password === "pw" ? [ADA, BOB].find((user) => user.name === name) : undefined,
    findUser: async (id: string) => {
      if (isDown) throw new Error("the database is gone");
      return users.get(id);
    },
  };

  const run = (code: string): Express => runStep(express as () => Express, code, given);
  const get = (app: Express, path: string, sent: string) =>
    request(app).get(path).set("Authorization", `Bearer ${sent}`);
  const login = (app: Express, name: string) =>
    request(app).post("/login").send({ name, password: "pw" });
  const lastOfGuard = () => decisions.filter(({ guard }) => guard === "oauthGuard").at(-1);

  describe.each(STEPS)("%s", (name, build, enforced) => {
    it("serves users who have logged in, and their handlers find the user", async () => {
      const app = run(build());
      const { body: ada } = await login(app, "ada").expect(200);
      const { body: bob } = await login(app, "bob").expect(200);
      await get(app, "/me", ada.access).expect(200, { id: "u1", name: "ada" });
      await get(app, "/me", bob.access).expect(200, { id: "u2", name: "bob" });
      await get(app, "/admin", ada.access).expect(200, { ok: true });
      await get(app, "/admin", bob.access).expect(403);
      if (enforced !== undefined) expect(lastOfGuard()?.outcome).toBe("allow");
    });

    it("takes the refresh token for a login only until the guard enforces", async () => {
      const app = run(build());
      const { body: tokens } = await login(app, "ada").expect(200);
      const { status, body, headers } = await get(app, "/me", tokens.refresh);
      expect(status).toBe(enforced ? 401 : 200);
      if (!enforced) return;
      expect(body.code).toBe("invalid_token");
      expect(headers["www-authenticate"]).toContain('error="invalid_token"');
    });

    it("refuses requests without a valid token", async () => {
      const app = run(build());
      const answers = [
        await request(app).get("/me"),
        await get(app, "/me", `${token({})}x`),
        await get(app, "/me", token({ exp: 1 })),
      ];
      const codes = answers.map(({ status, body, text }) => [status, body.code ?? text]);
      expect(codes).toEqual(
        enforced
          ? [
              [401, "authentication_required"],
              [401, "invalid_token"],
              [401, "invalid_token"],
            ]
          : new Array(3).fill([401, "Unauthorized"]),
      );
    });

    it("does not know a user whose account is gone", async () => {
      const app = run(build());
      await get(app, "/me", token({})).expect(200);
      users.delete("u1");
      const { body } = await get(app, "/me", token({})).expect(401);
      if (name === "without passport") expect(body.code).toBe("authentication_required");
    });

    it("lets nobody in while the database is down", async () => {
      isDown = true;
      const { status, body } = await get(run(build()), "/me", token({}));
      expect(status).toBe(name === "without passport" ? 503 : 500);
      if (status === 503) expect(body.code).toBe("check_unavailable");
    });

    it.each(reasonsOf(LOOK))("meets %s", async (sent, reason) => {
      expect(SENT).toHaveProperty([sent]);
      const { status } = await get(run(build()), "/me", SENT[sent] ?? "");
      const passes = enforced !== true || reason === "accepted_without";
      expect(status).toBe(passes ? 200 : 401);
      if (enforced !== undefined) expect(lastOfGuard()).toMatchObject({ reason });
    });
  });

  it("has the roles for requireRole when passport is gone", async () => {
    const role = 'const { requireRole } = require("express-secure-api/authorization");\n';
    const code = put(
      withoutPassport(),
      /"\/admin", auth, /m,
      '"/admin", auth, requireRole("admin"), ',
    );
    const app = run(role + code);
    await get(app, "/admin", token({})).expect(200);
    const { body } = await get(app, "/admin", token({ sub: "u2" })).expect(403);
    expect(body.code).toBe("access_denied");
  });

  it("does not start without its variable", () => {
    vi.stubEnv("JWT_SECRET", undefined);
    expect(() => run(withoutPassport())).toThrow("oauthGuard.secret");
  });
});

describe("the guide", () => {
  it("has a row for each token that is sent", () => {
    expect(reasonsOf(LOOK).map(([sent]) => sent)).toEqual(Object.keys(SENT));
  });

  it("enforces what it looked at", () => {
    expect(enforce).toBe(report.replace('  mode: "report",\n', ""));
  });
});
