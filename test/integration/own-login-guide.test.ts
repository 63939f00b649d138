import { randomBytes } from "node:crypto";
import type { Express } from "express";
import jsonwebtoken from "jsonwebtoken";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { errorHandler } from "../../src/errors/index.js";
import { getPrincipal } from "../../src/principal/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections, runExample } from "../support/guide.js";
import { codeSpans } from "../support/reference-pages.js";

const sections = guideSections("own-login-and-tokens.md");
const decisions = listenToDecisions();
const secret = randomBytes(32).toString("base64");
const old = randomBytes(32).toString("base64");
const ALICE = { id: 7, name: "alice", password: "pw", roles: ["user"] };
const ADA = { id: 8, name: "ada", password: "pw", roles: ["admin"] };
const USERS = [ALICE, ADA];

function sectionOf(heading: string) {
  const found = sections.find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`the guide has no section ${heading}`);
  return found;
}

/** Runs the one example of a section. */
function run(heading: string, app: Express): void {
  const section = sectionOf(heading);
  const [code = ""] = [...section.blocks("js"), ...section.blocks("ts")];
  runExample(code, app, {
    findUser: async (name: string, password: string) =>
      USERS.find((user) => user.name === name && user.password === password),
    findUserById: async (id: string) => USERS.find((user) => String(user.id) === id),
  });
}

/** A token as the app signs it, with these claims over the usual ones. */
function sign(claims: object, key = secret): string {
  const usual = { iss: "shop", aud: "shop-api", sub: "7", type: "access" };
  const given = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== undefined);
  return jsonwebtoken.sign(Object.fromEntries(given), key, { algorithm: "HS256", expiresIn: "5m" });
}

beforeEach(() => {
  vi.stubEnv("JWT_SECRET", secret);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** What the first column of the table says is sent. */
const SENT: Readonly<Record<string, string>> = {
  "the refresh token": sign({ type: "refresh" }),
  "a token of another type, such as `invitation`": sign({ type: "invitation" }),
  "a token from before, without `type`": sign({ type: undefined }),
  "a token without `sub`": sign({ sub: undefined }),
  "a token of another app with the same secret": sign({ iss: "blog" }),
};

describe.each(expressVersions)("the guide to an own login on Express %s", (_major, express) => {
  function appWith(...headings: string[]): Express {
    const app = express();
    for (const heading of headings) run(heading, app);
    app.get("/", (req, res) => void res.json({ id: getPrincipal(req)?.id ?? null }));
    return app;
  }
  const get = (app: Express, path: string, token: string, scheme = "Bearer") =>
    request(app).get(path).set("Authorization", `${scheme} ${token}`);
  const login = (app: Express, user: typeof ALICE) =>
    request(app).post("/login").send({ name: user.name, password: user.password });

  it("signs tokens that its guard accepts, and a refresh token that it refuses", async () => {
    const app = appWith("Sign what the guard can check", "Enforce");
    const { body: tokens } = await login(app, ALICE).expect(200);
    const { body: me } = await get(app, "/me", tokens.access).expect(200);
    expect(me).toEqual({ user: "7" });
    const refused = await get(app, "/me", tokens.refresh).expect(401);
    expect(refused.body.code).toBe("invalid_token");
    expect(refused.headers["www-authenticate"]).toContain('error="invalid_token"');
    expect(decisions.at(-1)?.reason).toBe("other_token_kind");
    await request(app).get("/me").expect(401);
  });

  it("knows wrong passwords, roles, and which token refreshes", async () => {
    const app = appWith("Sign what the guard can check", "Enforce");
    await login(app, { ...ALICE, password: "other" }).expect(401);
    const { body: alice } = await login(app, ALICE);
    const { body: ada } = await login(app, ADA);
    const denied = await get(app, "/admin", alice.access).expect(403);
    expect(denied.body.code).toBe("access_denied");
    await get(app, "/admin", ada.access).expect(200);
    const refresh = (token: unknown) => request(app).post("/refresh").send({ refresh: token });
    const { body: fresh } = await refresh(ada.refresh).expect(200);
    await get(app, "/admin", fresh.access).expect(200);
    for (const bad of [ada.access, sign({ type: "refresh" }, old), "", 7]) {
      await refresh(bad).expect(401);
    }
  });

  it("lets everything pass while it looks, and says why it would refuse", async () => {
    const app = appWith("Look first");
    for (const [name, token] of Object.entries(SENT)) {
      await get(app, "/", token).expect(200);
      const row = sectionOf("Look first").tables[0]?.rows.find(
        (one) => one["what is sent"] === name,
      );
      expect(decisions.at(-1), name).toMatchObject({
        enforced: false,
        code: "invalid_token",
        reason: codeSpans(row?.["reason"] ?? "")[0],
      });
    }
    expect(sectionOf("Look first").tables[0]?.rows).toHaveLength(Object.keys(SENT).length);
  });

  it.each(["Look first", "Enforce", "Tokens that look different", "Change the secret"])(
    "does not start without its variable: %s",
    (heading) => {
      vi.stubEnv("JWT_SECRET", undefined);
      expect(() => run(heading, express())).toThrow("oauthGuard.secret");
    },
  );

  it("takes tokens that look different", async () => {
    const app = appWith("Tokens that look different");
    const odd = { iss: undefined, sub: undefined, type: undefined, id: 42, kind: "api" };
    for (const scheme of ["Bearer", "Token"]) {
      const { body } = await get(app, "/", sign(odd), scheme).expect(200);
      expect(body).toEqual({ id: "42" });
    }
    const bad = [{ iss: "shop" }, { kind: "mail" }, { kind: undefined }, { id: "42" }];
    for (const claims of bad) {
      const { body } = await get(app, "/", sign({ ...odd, ...claims })).expect(401);
      expect(body.code).toBe("invalid_token");
    }
  });

  it.each<[option: string, token: object, user: string]>([
    ["issuer: null", { iss: undefined }, "7"],
    ['issuer: "shop"', {}, "shop 7"],
    ['principal: { ...rfc9068(), subject: ["id"] }', { sub: undefined, id: "x" }, "shop x"],
    [
      'principal: { ...rfc9068(), subject: [{ path: "id", format: "number" }] }',
      { sub: undefined, id: 5 },
      "shop 5",
    ],
    [
      'principal: { ...rfc9068(), subject: [["user", "id"]] }',
      { sub: undefined, user: { id: "x" } },
      "shop x",
    ],
    ['requiredClaims: { kind: "api" }', { type: undefined, kind: "api" }, "shop 7"],
    ["anyTokenType: true", { type: undefined }, "shop 7"],
    ['acceptWithout: { claims: ["aud"], until: "2027-03-01" }', { aud: undefined }, "shop 7"],
  ])("has an option in its table for them: %s", async (option, claims, user) => {
    const spans = sectionOf("Tokens that look different").tables[0]?.rows.flatMap(
      ({ option: cell = "" }) => codeSpans(cell),
    );
    expect(spans).toContain(option);
    const soon = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const [code = ""] = sectionOf("Look first").blocks("ts");
    const name = option.slice(0, option.indexOf(":"));
    const choice = name === "anyTokenType" ? "requiredClaims" : name;
    const kept = code
      .split("\n")
      .filter((line) => !line.startsWith(`    ${choice}: `) && !line.includes("mode:"))
      .join("\n");
    const changed = kept
      .replace("import {", 'import { rfc9068 } from "express-secure-api/claims";\nimport {')
      .replace("oauthGuard({\n", `oauthGuard({\n    ${option.replace("2027-03-01", soon)},\n`);
    const app = express();
    runExample(changed, app);
    app.get("/", (req, res) => void res.json({ id: getPrincipal(req)?.id ?? null }));
    const { body } = await get(app, "/", sign(claims)).expect(200);
    expect(body).toEqual({ id: user });
    // Without the option the same token is refused.
    if (option === 'issuer: "shop"') return;
    const strict = appWith("Enforce");
    await get(strict, "/", sign(claims)).expect(401);
  });

  it("takes tokens of both secrets while they change", async () => {
    vi.stubEnv("OLD_JWT_SECRET", old);
    const app = appWith("Change the secret");
    await get(app, "/", sign({}, secret)).expect(200, { id: "shop 7" });
    await get(app, "/", sign({}, old)).expect(200, { id: "shop 7" });
    await get(app, "/", sign({}, `${old}x`)).expect(401);
    vi.stubEnv("OLD_JWT_SECRET", undefined);
    expect(() => run("Change the secret", express())).toThrow("oauthGuard.secret[1] must be");
  });

  it("has routes that are public in the preset, and a guard behind them", async () => {
    const text = sectionOf("Sign what the guard can check").text;
    expect(text).toContain('`publicRoutes: ["POST /login", "POST /refresh"]`');
    const own = { issuer: "shop", audience: "shop-api", secret };
    const app = express();
    app.use(
      secureApi({
        oauthGuard: { ...own, requiredClaims: { type: "access" } },
        rateLimit: false,
        auditLog: false,
        publicRoutes: ["POST /login", "POST /refresh"],
      }),
    );
    run("Sign what the guard can check", app);
    app.get("/", (req, res) => void res.json({ id: getPrincipal(req)?.id ?? null }));
    app.use(errorHandler());
    const { body: tokens } = await login(app, ALICE).expect(200);
    await get(app, "/", tokens.access).expect(200, { id: "shop 7" });
    const { body } = await get(app, "/", tokens.refresh).expect(401);
    expect(body.code).toBe("invalid_token");
    await request(app).post("/refresh").send({ refresh: tokens.refresh }).expect(200);
  });

  it("reports a short secret also where the preset reports", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const own = { issuer: "shop", audience: "shop-api", secret: "short", anyTokenType: true };
    const options = { oauthGuard: own, rateLimit: false, auditLog: false } as const;
    expect(() => secureApi({ ...options, mode: "report" })).not.toThrow();
    const codes = warn.mock.calls.map(([, given]) => (given as { code?: string }).code);
    expect(codes).toEqual(["EXPRESS_SECURE_API_SHORT_SECRET"]);
    expect(() => secureApi(options)).toThrow("secureApi.oauthGuard.secret must be");
    const enforced = { ...own, mode: "enforce" } as const;
    expect(() => secureApi({ ...options, oauthGuard: enforced, mode: "report" })).toThrow(
      "secureApi.oauthGuard.secret must be",
    );
    expect(() =>
      secureApi({ ...options, oauthGuard: { ...own, anyTokenType: undefined } }),
    ).toThrow("secureApi.oauthGuard.requiredClaims must be given with a secret");
  });

  it("warns of a short secret while it looks, and does not enforce with it", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    vi.stubEnv("JWT_SECRET", "short-secret");
    const app = appWith("Look first");
    await get(app, "/", sign({}, "short-secret")).expect(200);
    expect(decisions.at(-1)?.reason).toBe("short_secret");
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("shorter than its hash"), {
      code: "EXPRESS_SECURE_API_SHORT_SECRET",
      type: "SecurityWarning",
    });
    expect(() => run("Enforce", express())).toThrow("of at least 32 bytes");
  });
});
