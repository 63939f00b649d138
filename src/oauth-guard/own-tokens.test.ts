import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import type { Request } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { rfc9068 } from "../claims/index.js";
import { getPrincipal } from "../principal/index.js";
import { createTokenVerifier, getAuth, type OauthGuardInput, oauthGuard } from "./index.js";

const issuer = "legacy-app";
const audience = "legacy-api";
const secret = "correct horse battery staple, and more of it";
const older = "another horse, another battery, another staple";
const own = { issuer, audience, secret };
const access = { ...own, requiredClaims: { type: "access" } };
const any = { ...own, anyTokenType: true };

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** What the app of the test signs, and others forge. */
function sign(claims: object, key: string = secret): string {
  const usual = { iss: issuer, aud: audience, sub: "alice", exp: inAnHour() };
  const input = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...usual, ...claims })}`;
  return `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
}

const decisions = listenToDecisions();

/** For values that do not compile. */
const as = <T>(value: unknown): T => value as T;

/** The day that comes this number of days after today. */
const dayIn = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("tokens of the app itself on Express %s", (_major, express) => {
  async function send(options: OauthGuardInput, authorization: string) {
    const app = express();
    let seen: Request | undefined;
    app.use(oauthGuard(options));
    app.get("/", (req, res) => {
      seen = req;
      res.send("ok");
    });
    const { status, body, headers } = await request(app)
      .get("/")
      .set("Authorization", authorization);
    return {
      status,
      code: body.code,
      reason: decisions.at(-1)?.reason,
      challenge: headers["www-authenticate"],
      principal: seen && getPrincipal(seen),
      auth: seen && getAuth(seen),
    };
  }
  const call = (options: OauthGuardInput, claims: object, key?: string) =>
    send(options, `Bearer ${sign(claims, key)}`);

  describe("requiredClaims", () => {
    it("refuse a refresh token that the same secret signed", async () => {
      expect(await call(access, { type: "access" })).toMatchObject({ status: 200 });
      const refused = { status: 401, code: "invalid_token" };
      for (const type of ["refresh", "resetPassword", "verifyEmail"]) {
        const answer = await call(access, { type });
        expect(answer).toMatchObject({ ...refused, reason: "other_token_kind" });
      }
      const answer = await call(access, { type: "invitation" });
      expect(answer).toMatchObject({ ...refused, reason: "required_claim" });
      expect(await call(access, {})).toMatchObject({ ...refused, reason: "required_claim" });
      expect(answer.challenge).toBe(
        'Bearer realm="api", error="invalid_token", error_description="The access token is not meant for this API"',
      );
    });

    it.each<
      [required: NonNullable<OauthGuardInput["requiredClaims"]>, good: object[], bad: object[]]
    >([
      [
        { tenant: ["a", "b"] },
        [{ tenant: "a" }, { tenant: "b" }],
        [{ tenant: "c" }, { tenant: ["a"] }, { tenant: "A" }, { tenant: "a,b" }, { tenant: null }],
      ],
      [
        { email: true },
        [{ email: "a@example.com" }, { email: "" }, { email: false }, { email: [] }],
        [{}, { email: null }],
      ],
      [{ verified: [true] }, [{ verified: true }], [{ verified: "true" }, { verified: 1 }, {}]],
      [{ blocked: false }, [{ blocked: false }], [{ blocked: 0 }, { blocked: null }, {}]],
      [{ version: 2 }, [{ version: 2 }], [{ version: "2" }, { version: 2.5 }, { version: [2] }]],
      [
        { toString: true, constructor: true },
        [{ toString: 1, constructor: 1 }],
        [{}, { toString: 1 }],
      ],
      [{ "user.id": true }, [{ "user.id": 1 }], [{ user: { id: 1 } }]],
      [{ a: 1, b: 2 }, [{ a: 1, b: 2 }], [{ a: 1 }, { b: 2 }]],
    ])("%j decide by the own, top-level claim alone", async (requiredClaims, good, bad) => {
      const { verify } = createTokenVerifier({ ...own, requiredClaims });
      for (const claims of good) await expect(verify(sign(claims))).resolves.toBeDefined();
      for (const claims of bad) {
        await expect(verify(sign(claims)), JSON.stringify(claims)).rejects.toMatchObject({
          status: 401,
          code: "invalid_token",
        });
      }
    });

    it("are taken by an entry from the options around it, unless it has its own", async () => {
      const { verify } = createTokenVerifier({
        audience,
        requiredClaims: { type: "access" },
        issuer: [
          { issuer, secret },
          { issuer: "other", secret: older, requiredClaims: { kind: "api" } },
        ],
      });
      const other = { iss: "other" };
      await expect(verify(sign({ type: "access" }))).resolves.toBeDefined();
      await expect(verify(sign({}))).rejects.toMatchObject({ code: "invalid_token" });
      await expect(verify(sign({ ...other, kind: "api" }, older))).resolves.toBeDefined();
      await expect(verify(sign({ ...other, type: "access" }, older))).rejects.toThrow();
    });

    it("only report in report mode", async () => {
      const answer = await call({ ...access, mode: "report" }, { type: "refresh" });
      expect(answer).toMatchObject({ status: 200, reason: "other_token_kind", auth: null });
      expect(decisions.at(-1)).toMatchObject({ enforced: false, code: "invalid_token" });
    });
  });

  describe("anyTokenType", () => {
    it("says that the secret signs access tokens alone; other kinds are refused by name", async () => {
      expect(await call(any, {})).toMatchObject({ status: 200 });
      expect(await call(any, { type: "employee" })).toMatchObject({ status: 200 });
      expect(await call(any, { type: "refresh" })).toMatchObject({ reason: "other_token_kind" });
    });
  });

  describe("the subject", () => {
    const mapped = (subject: unknown): OauthGuardInput => ({
      ...any,
      principal: { ...rfc9068(), subject: as<["sub"]>(subject) },
    });

    it("must be there, unless there is a client: else all users are one", async () => {
      const nobody = await call(any, { sub: undefined, id: 7 });
      expect(nobody).toMatchObject({ status: 401, code: "invalid_token" });
      expect(nobody.reason).toBe("missing_subject");
      const client = await call(any, { sub: undefined, client_id: "robot" });
      expect(client.principal).toMatchObject({ id: "legacy-app service:robot", kind: "service" });
    });

    it("is no client where the mapping looks for a user, or sub is empty", async () => {
      const kind = (said: "user" | "service"): OauthGuardInput => ({
        ...any,
        principal: { ...rfc9068(), subject: ["id"], kind: () => said },
      });
      const web = { sub: undefined, azp: "web" };
      for (const [options, claims] of [
        [mapped(["id"]), { ...web, sub: "bob" }],
        [mapped(["id"]), web],
        [mapped(["id"]), { ...web, id: null }],
        [mapped(["id"]), { ...web, id: "" }],
        [mapped(["sub"]), { ...web, sub: "" }],
        [any, { ...web, sub: "" }],
        [kind("user"), web],
        [kind("service"), { ...web, sub: "" }],
      ] as const) {
        const refused = await call(options, claims);
        expect(refused, JSON.stringify(claims)).toMatchObject({
          status: 401,
          code: "invalid_token",
          reason: "missing_subject",
        });
      }
      // RFC 9068 §2.2: the subject of a client that acts for itself is its id.
      const own = await call(mapped(["id"]), { sub: "web", client_id: "web" });
      expect(own.principal).toMatchObject({ id: "legacy-app service:web", kind: "service" });
      const said = await call(kind("service"), { ...web, sub: "of the directory" });
      expect(said.principal).toMatchObject({ id: "legacy-app service:web", kind: "service" });
    });

    it("is the first claim that is there, nested ones too", async () => {
      const options = mapped(["sub", ["user", "id"], "email"]);
      for (const [claims, subject] of [
        [{ sub: "alice", email: "e" }, "alice"],
        [{ sub: undefined, user: { id: "bob" }, email: "e" }, "bob"],
        [{ sub: undefined, user: { id: null }, email: "carol@example.com" }, "carol@example.com"],
        [{ sub: "", user: null, email: "dan@example.com" }, "dan@example.com"],
      ] as const) {
        const { principal, auth } = await call(options, claims);
        expect([principal?.subject, auth?.subject]).toEqual([subject, subject]);
        expect(principal?.id).toBe(`legacy-app ${subject}`);
      }
    });

    it("is a number only where the mapping says so, in decimal digits", async () => {
      const options = mapped(["sub", { path: "id", format: "number" }]);
      const answer = await call(options, { sub: undefined, id: 42 });
      expect(answer.principal).toMatchObject({ subject: "42", kind: "user" });
      const numeric = mapped([{ path: "sub", format: "number" }]);
      expect((await call(numeric, { sub: 42 })).principal?.subject).toBe("42");
      for (const [other, claims] of [
        [options, { sub: 42 }],
        [options, { sub: undefined, id: "42" }],
        [options, { sub: undefined, id: 4.2 }],
        [options, { sub: undefined, id: 2 ** 53 }],
        [options, { sub: undefined, id: true }],
        [options, { sub: undefined, id: [42] }],
        [options, { sub: undefined, id: { toString: "42" } }],
        [numeric, { sub: "42" }],
        [mapped(["id"]), { id: 42 }],
        [mapped(["user", "id"]), { user: { id: "alice" } }],
        [any, { sub: 42 }],
      ] as const) {
        const refused = await call(other, claims);
        expect(refused, JSON.stringify(claims)).toMatchObject({
          status: 401,
          code: "invalid_token",
          reason: "malformed_claim",
        });
      }
    });
  });

  describe("dates", () => {
    it("are refused as malformed beyond the limit of Date", async () => {
      expect(await call(any, { exp: 8.64e12 })).toMatchObject({ status: 200 });
      for (const name of ["exp", "iat", "nbf"]) {
        for (const date of [8.64e12 + 1, 1e306, 1e308, -8.64e12 - 1, -1e308]) {
          expect(await call(any, { [name]: date }), `${name} ${date}`).toMatchObject({
            status: 401,
            code: "invalid_token",
            reason: "malformed_claim",
          });
        }
      }
    });
  });

  describe("several secrets", () => {
    it("are tried one after the other, and no other is", async () => {
      const options = { ...any, secret: [secret, older] };
      expect(await call(options, {}, secret)).toMatchObject({ status: 200 });
      expect(await call(options, {}, older)).toMatchObject({ status: 200 });
      const forged = await call(options, {}, `${older}x`);
      expect(forged).toMatchObject({ status: 401, code: "invalid_token", reason: "bad_signature" });
    });

    it("are not joined by what stands in a polluted prototype", async () => {
      Object.assign(Object.prototype, { next: {}, isShort: true });
      try {
        const forged = await call(any, {}, older);
        expect(forged).toMatchObject({ status: 401, reason: "bad_signature" });
        const answer = await call(any, {});
        expect([answer.status, answer.reason]).toEqual([200, undefined]);
      } finally {
        for (const name of ["next", "isShort"]) Reflect.deleteProperty(Object.prototype, name);
      }
    });

    it("may be ten", async () => {
      const secrets = Array.from({ length: 10 }, (_, index) => `${index} ${secret}`);
      const options = { ...any, secret: secrets };
      expect(await call(options, {}, secrets[9])).toMatchObject({ status: 200 });
    });
  });

  describe("several public keys", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const rsa2 = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = rsa2.publicKey.export({ type: "spki", format: "pem" }) as string;
    const mint = (alg: string, key: typeof rsa.privateKey, header: object = {}) => {
      const claims = { iss: issuer, aud: audience, sub: "alice", exp: inAnHour() };
      const input = `${part({ alg, ...header })}.${part(claims)}`;
      const options = { key, dsaEncoding: "ieee-p1363" } as const;
      return `${input}.${signBytes("sha256", Buffer.from(input), options).toString("base64url")}`;
    };

    it("are tried one after the other, each with the one algorithm of its type", async () => {
      const publicKey = [rsa.publicKey, pem, ec.publicKey];
      const options = { issuer, audience, publicKey };
      for (const token of [
        mint("RS256", rsa.privateKey),
        mint("RS256", rsa2.privateKey, { kid: "whatever" }),
        mint("ES256", ec.privateKey),
      ]) {
        expect(await send(options, `Bearer ${token}`)).toMatchObject({ status: 200 });
      }
      const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const forged = await send(options, `Bearer ${mint("RS256", stranger.privateKey)}`);
      expect(forged).toMatchObject({ status: 401, reason: "bad_signature" });
      // The public key as a secret (CVE-2015-9235).
      const confused = await send(options, `Bearer ${sign({}, pem)}`);
      expect(confused).toMatchObject({ status: 401, reason: "algorithm_not_allowed" });
    });
  });

  describe("schemes", () => {
    const options = { ...any, schemes: ["Bearer", "Token"] };

    it("may stand in front of the token, in any letter case", async () => {
      const token = sign({});
      for (const scheme of ["Bearer", "Token", "token", "TOKEN", "bearer"]) {
        expect(await send(options, `${scheme}  ${token}`)).toMatchObject({
          status: 200,
          auth: { scheme: "Bearer" },
        });
      }
    });

    it.each([
      ["Tokens x", 401, "other_scheme"],
      ["Toke x", 401, "other_scheme"],
      ["JWT x", 401, "other_scheme"],
      ["Basic YWxpY2U6cHc=", 401, "other_scheme"],
      ["Token", 400, "malformed_credentials"],
      ['Token token="x"', 400, "malformed_credentials"],
      ["Token,x", 400, "malformed_credentials"],
      ["Token\tx", 400, "malformed_credentials"],
      [`${"T".repeat(5000)} x`, 401, "other_scheme"],
    ])("%s is %i %s", async (field, status, reason) => {
      expect(await send(options, field)).toMatchObject({ status, reason });
    });

    it("are all named in the challenges", async () => {
      const none = await send(options, "Other x");
      expect(none.challenge).toBe('Bearer realm="api", Token realm="api"');
      const alone = await send({ ...any, schemes: "Token" }, `Bearer ${sign({})}`);
      expect(alone).toMatchObject({ status: 401, challenge: 'Token realm="api"' });
    });
  });

  describe("acceptWithout", () => {
    const day = dayIn(90);
    const before = new Date(Date.parse(day) - 60_000);
    const after = new Date(day);
    const options = { ...any, acceptWithout: { claims: ["iss", "aud"], until: day } } as const;
    const old = { iss: undefined, aud: undefined };

    function at(time: Date): void {
      vi.useFakeTimers({ toFake: ["Date"], now: time });
    }

    it("takes tokens without these claims until the day, and records it", async () => {
      at(before);
      for (const claims of [old, { iss: undefined }, { aud: undefined }]) {
        const answer = await call(options, claims);
        expect(answer).toMatchObject({ status: 200, reason: "accepted_without" });
        // The same user, whichever token.
        expect(answer.principal?.id).toBe("legacy-app alice");
        expect(answer.auth?.issuer).toBe(issuer);
      }
      const whole = await call(options, {});
      expect([whole.status, whole.reason]).toEqual([200, undefined]);
    });

    it("checks what is there", async () => {
      at(before);
      for (const [claims, reason] of [
        [{ iss: "other" }, "unknown_issuer"],
        [{ iss: null }, "unknown_issuer"],
        [{ iss: "" }, "unknown_issuer"],
        [{ aud: "other" }, "wrong_audience"],
        [{ aud: null }, "malformed_claim"],
        [{ aud: [] }, "wrong_audience"],
        [{ ...old, exp: undefined }, "missing_claim"],
        [{ ...old, sub: undefined }, "missing_subject"],
        [{ ...old, type: "refresh" }, "other_token_kind"],
      ] as const) {
        expect(await call(options, claims), JSON.stringify(claims)).toMatchObject({
          status: 401,
          code: "invalid_token",
          reason,
        });
      }
      const forged = await call(options, old, older);
      expect(forged).toMatchObject({ status: 401, reason: "bad_signature" });
    });

    it("refuses them from that day on, also those in the cache, and warns once", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      at(before);
      const app = express();
      app.use(oauthGuard(options));
      app.get("/", (_req, res) => void res.send("ok"));
      const token = sign(old);
      const get = () => request(app).get("/").set("Authorization", `Bearer ${token}`);
      await get().expect(200);
      at(after);
      for (let round = 0; round < 3; round += 1) {
        const { body } = await get().expect(401);
        expect(body.code).toBe("invalid_token");
      }
      expect(decisions.at(-1)?.reason).toBe("no_longer_accepted");
      const whole = sign({});
      await request(app).get("/").set("Authorization", `Bearer ${whole}`).expect(200);
      const codes = warn.mock.calls.map(([, given]) => (given as { code?: string }).code);
      expect(codes).toEqual(["EXPRESS_SECURE_API_ACCEPT_WITHOUT_OVER"]);
    });

    it("does not keep an app from starting after that day", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      at(after);
      expect(await call(options, old)).toMatchObject({ status: 401, reason: "no_longer_accepted" });
      expect(warn).toHaveBeenCalledTimes(1);
    });
  });

  describe("a secret that is too short", () => {
    it("is an error that enforces, and a warning and a reason that reports", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const short = { ...any, secret: "jwt-secret" };
      expect(() => oauthGuard(short)).toThrow("oauthGuard.secret must be a string");
      expect(() => createTokenVerifier(short)).toThrow("createTokenVerifier.secret must be");
      expect(warn).not.toHaveBeenCalled();
      const answer = await call({ ...short, mode: "report" }, {}, "jwt-secret");
      expect(answer).toMatchObject({ status: 200, reason: "short_secret" });
      const codes = warn.mock.calls.map(([, given]) => (given as { code?: string }).code);
      expect(codes).toEqual(["EXPRESS_SECURE_API_SHORT_SECRET"]);
    });

    it("is recorded whatever else is said of its token", async () => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const options = { ...any, secret: [secret, "old"], mode: "report" } as const;
      const lenient = { ...options, acceptWithout: { claims: ["iss"], until: dayIn(3) } } as const;
      await call(lenient, { iss: undefined }, "old");
      await call({ ...options, scopes: "x" }, {}, "old");
      await call({ ...options, scopes: "x" }, {}, secret);
      expect(decisions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ["allow", "short_secret"],
        ["allow", "accepted_without"],
        ["allow", "short_secret"],
        ["deny", "missing_scope"],
        ["deny", "missing_scope"],
      ]);
    });

    it("is told apart from a good one beside it", async () => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const options = { ...any, secret: [secret, "old"], mode: "report" } as const;
      expect((await call(options, {}, secret)).reason).toBeUndefined();
      expect((await call(options, {}, "old")).reason).toBe("short_secret");
    });
  });
});

const CHOICE = "oauthGuard.requiredClaims must be given with a secret";
const ON = { claims: ["aud"], until: dayIn(90) } as const;

describe("options for tokens of the app itself", () => {
  it.each<[what: string, options: object, problem: string]>([
    ["no choice", own, CHOICE],
    [
      "no choice in an entry",
      { issuer: [{ ...own, issuer }] },
      "oauthGuard.issuer[0].requiredClaims must be given",
    ],
    ["anyTokenType: false", { ...own, anyTokenType: false }, CHOICE],
    [
      "anyTokenType in quotes",
      { ...own, anyTokenType: "true" },
      "oauthGuard.anyTokenType must be true or false",
    ],
    [
      "anyTokenType without a secret",
      {
        ...own,
        secret: undefined,
        jwksUri: "https://a.example/k",
        issuer: "https://a.example",
        anyTokenType: true,
      },
      "oauthGuard.anyTokenType must be left out without secret",
    ],
    [
      "anyTokenType beside entries",
      { anyTokenType: true, audience, issuer: [access] },
      "oauthGuard.anyTokenType must stand in the entry",
    ],
    [
      "acceptWithout beside entries",
      { acceptWithout: ON, audience, issuer: [access] },
      "oauthGuard.acceptWithout must stand in the entry",
    ],
    [
      "no claims",
      { ...own, requiredClaims: {} },
      "oauthGuard.requiredClaims must be an object of claims and their values",
    ],
    [
      "a list of claims, as jose has it",
      { ...own, requiredClaims: ["email"] },
      "got a list of 1: { email: true } demands the claim email",
    ],
    ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti"].map((name): [string, object, string] => [
      `a claim that all tokens have: ${name}`,
      { ...own, requiredClaims: { [name]: name === "iss" ? issuer : true } },
      "oauthGuard.requiredClaims must name with a secret at least one claim besides",
    ]),
    [
      "only claims that all tokens have",
      { audience, requiredClaims: { iss: issuer, exp: true }, issuer: [own] },
      "or anyTokenType: true if the secret signs nothing but access tokens",
    ],
    [
      "another kind of token",
      { ...own, requiredClaims: { type: "refresh" } },
      'must have for claim "type" the kind of access tokens',
    ],
    [
      "another kind of token among others, with a public key too",
      { issuer: "https://a.example", audience, requiredClaims: { token_use: ["access", "id"] } },
      "must have for claim number 1 the kind of access tokens",
    ],
    [
      "an unset value",
      { ...own, requiredClaims: { type: undefined } },
      "must not be undefined: is it read from a variable that is not set?",
    ],
    [
      "an unset value in a list",
      { ...own, requiredClaims: { type: ["a", undefined] } },
      "got undefined in the list",
    ],
    ["a null value", { ...own, requiredClaims: { type: null } }, "got null"],
    ["an empty value", { ...own, requiredClaims: { type: "" } }, "got an empty string"],
    ["an empty list of values", { ...own, requiredClaims: { type: [] } }, "got an empty list"],
    ["a function as value", { ...own, requiredClaims: { type: () => true } }, "got a function"],
    [
      "a regular expression as value",
      { ...own, requiredClaims: { type: /access/ } },
      "got a regular expression",
    ],
    [
      "NaN as value",
      { ...own, requiredClaims: { type: Number.NaN } },
      'must have for claim "type"',
    ],
    [
      "a number that is not exact",
      { ...own, requiredClaims: { id: 2 ** 53 } },
      'must have for claim "id"',
    ],
    ["a claim without a name", { ...own, requiredClaims: { "": true } }, "a name"],
    [
      "an instance",
      { ...own, requiredClaims: new Map([["type", "access"]]) },
      "oauthGuard.requiredClaims must be an object",
    ],
    [
      "no secrets",
      { ...any, secret: [] },
      "oauthGuard.secret must be one key or a list of 1 to 10 keys, got an empty list",
    ],
    [
      "too many secrets",
      { ...any, secret: Array.from({ length: 11 }, (_, at) => `${at}${secret}`) },
      "got a list of 11",
    ],
    [
      "a short one among secrets",
      { ...any, secret: [secret, "short"] },
      "oauthGuard.secret[1] must be a string or Uint8Array of at least 32 bytes",
    ],
    [
      "an unset one among secrets",
      { ...any, secret: [secret, undefined] },
      "oauthGuard.secret[1] must be a string or Uint8Array of at least 32 bytes, and no PEM key, nor one in DER or JSON, got undefined: is it read from a variable that is not set?",
    ],
    [
      "the same secret twice",
      { ...any, secret: [secret, Buffer.from(secret)] },
      "oauthGuard.secret[1] must not repeat",
    ],
    [
      "a placeholder among secrets",
      { ...any, secret: [secret, "{{ jwt_secret_of_the_environment_of_today }}"] },
      "oauthGuard.secret[1] must be filled in",
    ],
    ...[
      " ".repeat(32),
      "{{JWT_SECRET}}{{JWT_SECRET}}{{JWT_SECRET}}",
      "{{ .Values.jwt.secret | default nothing | quote }}",
      "the text around {{ JWT_SECRET }} of the template",
      `prefix-$${"{JWT_SECRET}"}-suffix-of-the-template`,
      "#{JWT_SECRET}# octopus variable not replaced",
      "%JWT_SECRET_OF_THIS_APP%.%JWT_SECRET_2%",
      "null".repeat(8),
      "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME",
      "changeme-please-changeme-please-changeme",
      "\ud800".repeat(11),
      `${"\ud800\udbff".repeat(11)}`,
      "a-string-secret-at-least-256-bits-long",
      "your-256-bit-secret-your-256-bit-secret",
      "abcabcabcabcabcabcabcabcabcabcabcabc",
      "a".repeat(32),
    ].map((text): [string, object, string] => [
      `the placeholder ${JSON.stringify(text)}`,
      { ...any, secret: text },
      "oauthGuard.secret must be filled in",
    ]),
    [
      "a well-known secret in report mode",
      { ...any, secret: "your-256-bit-secret", mode: "report" },
      "oauthGuard.secret must be filled in",
    ],
    [
      "an empty secret in report mode",
      { ...any, secret: "", mode: "report" },
      "oauthGuard.secret must be",
    ],
    [
      "an empty one among secrets in report mode",
      { ...any, secret: [secret, ""], mode: "report" },
      "oauthGuard.secret[1] must be",
    ],
    [
      "a short placeholder in report mode",
      { ...any, secret: "<secret>", mode: "report" },
      "oauthGuard.secret must be filled in",
    ],
    [
      "no public keys",
      { issuer, audience, publicKey: [] },
      "oauthGuard.publicKey must be one key or a list",
    ],
    [
      "what is no public key among them",
      { issuer, audience, publicKey: [secret] },
      "oauthGuard.publicKey[0] must be a public key as PEM",
    ],
    ["no schemes", { ...any, schemes: [] }, "oauthGuard.schemes must be"],
    [
      "Basic",
      { ...any, schemes: ["Bearer", "basic"] },
      "oauthGuard.schemes[1] must be a scheme whose credentials are one bearer token",
    ],
    ["DPoP", { ...any, schemes: ["DPoP"] }, "oauthGuard.schemes[0] must be a scheme"],
    ...["PoP", "Hawk", "MAC", "Signature", "AWS4-HMAC-SHA256", "Kerberos"].map(
      (scheme): [string, object, string] => [
        scheme,
        { ...any, schemes: [scheme] },
        "oauthGuard.schemes[0] must be a scheme whose credentials are one bearer token",
      ],
    ),
    ["a scheme twice", { ...any, schemes: ["Token", "token"] }, "must not repeat an earlier entry"],
    [
      "a scheme with a blank",
      { ...any, schemes: "Token " },
      "oauthGuard.schemes must be an authentication scheme",
    ],
    [
      "two schemes in one text",
      { ...any, schemes: "Bearer,Token" },
      "oauthGuard.schemes must be an authentication scheme",
    ],
    ["a long scheme", { ...any, schemes: "T".repeat(33) }, "of at most 32 characters"],
    [
      "no subject",
      { ...any, principal: { subject: [] } },
      "oauthGuard.principal.subject must be a list",
    ],
    [
      "a subject that is no list",
      { ...any, principal: { subject: "id" } },
      "oauthGuard.principal.subject must be a list",
    ],
    [
      "an unset subject",
      { ...any, principal: { subject: ["sub", undefined] } },
      "oauthGuard.principal.subject[1].path must be a claim name",
    ],
    [
      "another format of a subject",
      { ...any, principal: { subject: [{ path: "id", format: "integer" }] } },
      "oauthGuard.principal.subject[0].format must be one of",
    ],
    [
      "exp in acceptWithout",
      { ...any, acceptWithout: { ...ON, claims: ["exp"] } },
      "must not be exp: a token that never expires is never accepted",
    ],
    [
      "another claim in acceptWithout",
      { ...any, acceptWithout: { ...ON, claims: ["sub"] } },
      'must be "iss" or "aud"',
    ],
    [
      "no claims in acceptWithout",
      { ...any, acceptWithout: { until: ON.until } },
      "oauthGuard.acceptWithout.claims must be",
    ],
    [
      "no day",
      { ...any, acceptWithout: { claims: "aud" } },
      "oauthGuard.acceptWithout.until must be a day",
    ],
    [
      "an unset day",
      { ...any, acceptWithout: { ...ON, until: undefined } },
      "oauthGuard.acceptWithout.until must not be undefined",
    ],
    [
      "a day that is none",
      { ...any, acceptWithout: { ...ON, until: "2027-02-30" } },
      "oauthGuard.acceptWithout.until must be a day",
    ],
    [
      "a day in other words",
      { ...any, acceptWithout: { ...ON, until: "01.03.2027" } },
      "oauthGuard.acceptWithout.until must be a day",
    ],
    [
      "a time of a day",
      { ...any, acceptWithout: { ...ON, until: "2027-03-01T00:00:00Z" } },
      "oauthGuard.acceptWithout.until must be a day",
    ],
    [
      "a day far away",
      { ...any, acceptWithout: { ...ON, until: dayIn(400) } },
      "must be at most 366 days ahead",
    ],
    [
      "iss where no token has one",
      { ...any, issuer: null, acceptWithout: { ...ON, claims: "iss" } },
      "must not be iss with issuer: null",
    ],
    [
      "aud where none is checked",
      { ...any, audience: null, clientIds: "a", acceptWithout: ON },
      "must not be aud with audience: null",
    ],
    [
      "acceptWithout with rfc9068",
      { ...any, profile: "rfc9068", acceptWithout: ON },
      'must be left out with profile "rfc9068"',
    ],
    [
      "acceptWithout for keys that are fetched",
      { issuer: "https://a.example", audience, acceptWithout: ON },
      "must be left out without secret, publicKey or jwks",
    ],
    [
      "two entries without iss",
      {
        audience,
        issuer: [
          { ...access, acceptWithout: { ...ON, claims: "iss" } },
          { ...access, issuer: null, secret: older },
        ],
      },
      "oauthGuard.issuer[1].issuer must not take tokens without iss",
    ],
    [
      "two entries that may lack iss",
      {
        audience,
        issuer: [
          { ...access, acceptWithout: { ...ON, claims: "iss" } },
          { ...access, issuer: "b", acceptWithout: { ...ON, claims: "iss" } },
        ],
      },
      "oauthGuard.issuer[1].acceptWithout must not take",
    ],
  ])("refuse %s", (_what, options, problem) => {
    expect(() => oauthGuard(as(options))).toThrow(problem);
  });

  it.each<[what: string, options: object]>([
    ["profile rfc9068 in place of a choice", { ...own, profile: "rfc9068" }],
    ["both", { ...access, anyTokenType: true }],
    [
      "a secret with braces and percents",
      { ...any, secret: "k%9}Qp7$ {wLm{{2Zt8%VbR5s#Nc1{Yd6Hf0GaUe4i" },
    ],
    ["a secret in hex", { ...any, secret: "00112233445566778899aabbccddeeff00ffee11" }],
    ["a registered claim beside another", { ...own, requiredClaims: { sub: true, kind: "api" } }],
    ["registered claims with anyTokenType", { ...any, requiredClaims: { sub: true } }],
    ["another claim that names what is no kind", { ...own, requiredClaims: { via: "refresh" } }],
    [
      "a choice beside the entries",
      { audience, requiredClaims: { type: "access" }, issuer: [own] },
    ],
  ])("take %s", (_what, options) => {
    expect(() => oauthGuard(as(options))).not.toThrow();
  });

  it("say what to choose, both ways", () => {
    expect(() => oauthGuard(own)).toThrow(
      /write requiredClaims: \{ type: "access" \} .*, or anyTokenType: true if the secret signs nothing but access tokens/,
    );
  });

  it("print no name of a claim that may be a secret", () => {
    const options = { ...own, requiredClaims: { zq9SECRETzq9: null } };
    expect(() => oauthGuard(as(options))).toThrow("must have for claim number 1");
  });
});
