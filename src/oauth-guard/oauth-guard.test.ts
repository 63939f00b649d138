import type { ErrorRequestHandler, Request } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { decisionsOf } from "../core/decision/decision.js";
import { getPrincipal, type Principal } from "../core/principal/principal.js";
import { createTestIssuer } from "../testing/index.js";
import { type Auth, getAuth, type OauthGuardInput, oauthGuard } from "./index.js";

const issuer = createTestIssuer();
const partner = createTestIssuer({ issuer: "https://partner.test/", algorithm: "Ed25519" });

afterEach(() => void vi.useRealTimers());

describe.each(expressVersions)("oauthGuard on Express %s", (_major, express) => {
  interface Seen {
    auth: Auth | null | undefined;
    exposed: unknown;
    principal: Principal | null;
    decisions: readonly unknown[];
  }

  function appWith(options: Partial<OauthGuardInput>, before?: (req: Request) => void) {
    const seen: Seen[] = [];
    const guard = oauthGuard({ ...issuer.options(), ...options } as OauthGuardInput);
    const app = express();
    app.use((req, _res, next) => {
      before?.(req);
      next();
    });
    app.use(guard);
    app.get("/", (req, res) => {
      const { auth } = req as { auth?: unknown };
      const decisions = decisionsOf(req);
      seen.push({ auth: getAuth(req), exposed: auth, principal: getPrincipal(req), decisions });
      res.send("ok");
    });
    const call = (token?: string) => {
      const get = request(app).get("/");
      return token === undefined ? get : get.set("Authorization", `Bearer ${token}`);
    };
    return { call, seen, guard };
  }

  it("gives handlers what it verified, frozen, with the token out of sight", async () => {
    const { call, seen } = appWith({});
    const token = issuer.mint({ scope: "a b", roles: ["admin"], nested: { list: [1] }, exp: 9e9 });
    await call(token).expect(200);
    const auth = seen[0]?.auth as Auth;
    expect(seen[0]?.exposed).toBe(auth);
    expect(auth).toMatchObject({
      scheme: "Bearer",
      issuer: issuer.issuer,
      subject: "test-user",
      clientId: "test-client",
      scopes: ["a", "b"],
      audience: [issuer.audience],
      expiresAt: 9e9,
      header: { alg: "ES256", typ: "at+jwt" },
      payload: { sub: "test-user", roles: ["admin"] },
    });
    expect(auth.token).toBe(token);
    expect(JSON.stringify(auth)).not.toContain(token);
    expect(Object.keys(auth)).not.toContain("token");
    for (const part of [auth, auth.header, auth.payload, auth.scopes, auth.audience]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    const nested = auth.payload["nested"] as { list: number[] };
    expect(() => nested.list.push(2)).toThrow(TypeError);
  });

  it("derives the principal once for all requests with the same token", async () => {
    const { call, seen } = appWith({});
    const token = issuer.mint({ scope: "a", roles: ["admin"] });
    await call(token).expect(200);
    await call(token).expect(200);
    expect(seen[0]?.principal).toMatchObject({
      id: "https://issuer.test/ test-user",
      kind: "user",
      roles: ["admin"],
      scopes: ["a"],
    });
    expect(seen[1]?.principal).toBe(seen[0]?.principal);
    expect(seen[1]?.auth).toBe(seen[0]?.auth);
  });

  it("lets no function of the app change the claims", async () => {
    const kind = (claims: object) => {
      Object.assign(claims, { roles: ["admin"] });
      return "user" as const;
    };
    expect((await appWith({ principal: { kind } }).call(issuer.mint())).status).toBe(503);
  });

  it("records the token by its jti, else by a hash, and never itself", async () => {
    const { call, seen } = appWith({});
    const tokens = [
      issuer.mint({ jti: "id-1" }),
      issuer.mint({ jti: undefined }),
      issuer.mint({ jti: "a\nb" }),
    ];
    for (const token of tokens) await call(token).expect(200);
    const allowed = { guard: "oauthGuard", outcome: "allow", enforced: true, code: "ok" };
    expect(seen[0]?.decisions).toEqual([{ ...allowed, token: "id-1" }]);
    for (const { decisions } of seen.slice(1)) {
      expect(decisions).toEqual([{ ...allowed, token: expect.stringMatching(/^[\w-]{43}$/) }]);
    }
  });

  it("does all its work before it returns when the keys are in memory", () => {
    const guard = oauthGuard({ ...issuer.options(), jwks: issuer.jwks });
    const token = issuer.mint();
    for (const _turn of ["cold", "warm"]) {
      const headers = { authorization: `Bearer ${token}` };
      const next = vi.fn();
      guard({ headers, rawHeaders: [] } as unknown as Request, {} as never, next);
      expect(next).toHaveBeenCalledExactlyOnceWith();
    }
  });

  describe("the cache of verified tokens", () => {
    it("refuses a token from the moment it expires", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
      const { call } = appWith({ clockTolerance: "0s" });
      const token = issuer.mint({ exp: 1_800_000_010 });
      await call(token).expect(200);
      vi.setSystemTime(1_800_000_009_999);
      await call(token).expect(200);
      vi.setSystemTime(1_800_000_010_000);
      const answer = await call(token).expect(401);
      expect(answer.headers["www-authenticate"]).toContain("The access token expired");
    });

    it("refuses a token that is older than maxTokenAge, however long it is valid", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
      const { call } = appWith({ maxTokenAge: "1m", clockTolerance: "0s" });
      const token = issuer.mint({ exp: 9e9 });
      await call(token).expect(200);
      vi.setSystemTime(1_800_000_060_000);
      await call(token).expect(401);
      await call(issuer.mint({ iat: undefined })).expect(401);
    });

    it("refuses a token again when the clock is set back to before it was issued", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
      const { call } = appWith({});
      const token = issuer.mint({ exp: 9e9 });
      await call(token).expect(200);
      vi.setSystemTime(1_700_000_000_000);
      await call(token).expect(401);
    });

    it("refuses a token as soon as its key is withdrawn", async () => {
      const own = createTestIssuer();
      const { call } = appWith(own.options());
      const token = own.mint();
      await call(token).expect(200);
      own.rotate();
      await call(token).expect(401);
      await call(own.mint()).expect(200);
    });

    it("verifies anew after its ttl, and each time when it is off", async () => {
      vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
      const token = issuer.mint({ exp: 9e9 });
      const cached = appWith({ cache: { ttl: "1m" } });
      for (const time of [0, 59_999, 60_000]) {
        vi.setSystemTime(1_800_000_000_000 + time);
        await cached.call(token).expect(200);
      }
      const [first, second, third] = cached.seen.map(({ auth }) => auth);
      expect(second).toBe(first);
      expect(third).not.toBe(first);
      expect(third).toEqual(first);
      const uncached = appWith({ cache: false });
      await uncached.call(token).expect(200);
      await uncached.call(token).expect(200);
      expect(uncached.seen[0]?.auth).not.toBe(uncached.seen[1]?.auth);
    });

    it("is not shared between guards", async () => {
      const token = issuer.mint();
      await appWith({}).call(token).expect(200);
      await appWith({ audience: "https://other.test/" }).call(token).expect(401);
      await appWith({ scopes: "admin" }).call(token).expect(403);
    });
  });

  describe("several issuers", () => {
    const options: Partial<OauthGuardInput> = {
      jwks: undefined,
      issuer: [
        { issuer: issuer.issuer, jwks: issuer.jwks },
        {
          issuer: partner.issuer,
          jwks: partner.jwks,
          audience: "https://partner-api.test/",
          profile: "rfc9068",
          algorithms: ["Ed25519"],
          principal: { roles: [{ path: "groups", prefix: "partner:" }] },
        },
      ],
    };

    it("hold each token against the rules of its own issuer", async () => {
      const { call, seen } = appWith(options);
      await call(issuer.mint({ roles: ["admin"] })).expect(200);
      const forPartner = { aud: "https://partner-api.test/", roles: ["admin"], groups: ["staff"] };
      await call(partner.mint(forPartner)).expect(200);
      expect(seen.map(({ principal }) => principal?.roles)).toEqual([["admin"], ["partner:staff"]]);
      await call(partner.mint()).expect(401);
      await call(issuer.mint({ aud: "https://partner-api.test/" })).expect(401);
      await call(partner.mint(forPartner, { header: { typ: "JWT" } })).expect(401);
    });

    it("never verify a token with the keys of another one", async () => {
      const { call } = appWith(options);
      const kid = partner.jwks.keys[0]?.["kid"];
      await call(issuer.mint({ iss: partner.issuer, aud: "https://partner-api.test/" })).expect(
        401,
      );
      await call(
        partner.mint({ iss: issuer.issuer, aud: issuer.audience }, { header: { kid } }),
      ).expect(401);
    });

    it("tell subjects of the same name apart", async () => {
      const { call, seen } = appWith(options);
      await call(issuer.mint({ sub: "1" })).expect(200);
      await call(partner.mint({ sub: "1", aud: "https://partner-api.test/" })).expect(200);
      expect(new Set(seen.map(({ principal }) => principal?.id)).size).toBe(2);
    });
  });

  describe("other sources of keys", () => {
    const rsa = createTestIssuer({ algorithm: "PS256" });

    it("answers 503 with Retry-After while the function that supplies keys throws, also to known tokens", async () => {
      const own = createTestIssuer();
      const { call } = appWith(own.options());
      const token = own.mint();
      await call(token).expect(200);
      own.outage();
      const answer = await call(token).expect(503);
      expect(answer.body.code).toBe("keys_unavailable");
      expect(answer.headers["retry-after"]).toBe("5");
      expect(answer.headers["www-authenticate"]).toBeUndefined();
      expect(answer.text).not.toContain("outage()");
      own.outage(false);
      await call(token).expect(200);
    });

    it.each([
      ["a promise that is rejected", "key_function_failed", () => Promise.reject(new Error("x"))],
      ["a promise of nothing", "key_function_failed", async () => undefined],
      ["a promise that never ends", "keys_timeout", () => new Promise(() => undefined)],
      ["nothing", "key_function_failed", () => undefined],
      ["something else", "key_function_failed", () => ({ key: [] })],
    ])(
      "answers 503 when that function returns %s, whatever error handlers do",
      async (_name, reason, jwks) => {
        const { call, guard } = appWith({ jwks: jwks as never, keys: { timeout: "100ms" } });
        const answer = await call(issuer.mint()).expect(503);
        expect(answer.body.code).toBe("keys_unavailable");
        await expect(guard.ready()).rejects.toMatchObject({ status: 503, cause: { reason } });
        const app = express();
        app.use(
          oauthGuard({ ...issuer.options(), jwks: jwks as never, keys: { timeout: "100ms" } }),
        );
        app.use(((_error, _req, _res, next) => next()) as ErrorRequestHandler);
        app.get("/", (_req, res) => void res.send("secret"));
        const token = `Bearer ${issuer.mint()}`;
        await request(app).get("/").set("Authorization", token).expect(503);
      },
    );

    it("waits for a function that looks keys up, once for all who wait", async () => {
      const own = createTestIssuer();
      let calls = 0;
      const jwks = async () => {
        calls += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        return own.jwks;
      };
      const { call, guard } = appWith({ ...own.options(), jwks });
      await guard.ready();
      expect(calls).toBe(1);
      const token = own.mint();
      await Promise.all([call(token).expect(200), call(token).expect(200)]);
      const withdrawn = own.mint();
      own.rotate();
      await call(withdrawn).expect(401);
      await call(token).expect(401);
      await call(own.mint()).expect(200);
      await guard.close();
      await call(own.mint()).expect(503);
    });

    it("answers 503 when that function returns no usable key", async () => {
      await appWith({ jwks: () => ({ keys: [] }) })
        .call(issuer.mint())
        .expect(503);
    });

    it("answers 503 when the function that tells services from users fails", async () => {
      const kinds = [
        () => "robot",
        () => undefined,
        () => Promise.resolve("robot"),
        () => Promise.resolve(undefined),
        () => {
          throw new Error("x");
        },
      ];
      for (const kind of kinds) {
        const { call, seen } = appWith({ principal: { kind: kind as never } });
        const answer = await call(issuer.mint()).expect(503);
        expect(answer.body.code).toBe("check_unavailable");
        expect(seen).toEqual([]);
      }
    });

    it("waits for the function that tells services from users, and asks it once for each token", async () => {
      let asked = 0;
      const kind = async (): Promise<"service"> => {
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return "service";
      };
      const { call, seen } = appWith({ principal: { kind } });
      const token = issuer.mint();
      await call(token).expect(200);
      await call(token).expect(200);
      expect(asked).toBe(1);
      await call(`${token.slice(0, -8)}AAAAAAAA`).expect(401);
      expect(asked).toBe(1);
      await call(issuer.mint()).expect(200);
      expect(asked).toBe(2);
      expect(seen).toHaveLength(3);
    });

    it("refuses a token that expires while the function is asked", async () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const kind = async (): Promise<"user"> => {
        await new Promise((resolve) => setImmediate(resolve));
        vi.setSystemTime(Date.now() + 400_000);
        return "user";
      };
      for (const cache of [undefined, false] as const) {
        const { call, seen } = appWith({ principal: { kind }, cache });
        const answer = await call(issuer.mint()).expect(401);
        expect(answer.headers["www-authenticate"]).toContain("invalid_token");
        expect(seen).toEqual([]);
      }
    });

    it("takes a publicKey whatever kid the token names, with the algorithm that is allowed", async () => {
      const { createPublicKey } = await import("node:crypto");
      const publicKey = createPublicKey({ key: rsa.jwks.keys[0] as never, format: "jwk" });
      const options = { ...rsa.options(), jwks: undefined };
      await appWith({ ...options, publicKey, algorithms: "PS256" })
        .call(rsa.mint())
        .expect(200);
      await appWith({ ...options, publicKey })
        .call(rsa.mint())
        .expect(401);
      const pem = publicKey.export({ format: "pem", type: "spki" }) as string;
      const both = appWith({ ...options, publicKey: pem, algorithms: ["PS256", "RS256"] });
      await both.call(rsa.mint()).expect(200);
    });

    it("takes a shared secret", async () => {
      const { SignJWT } = await import("jose");
      const secret = "0123456789abcdef0123456789abcdef";
      const { call } = appWith({ jwks: undefined, secret, anyTokenType: true });
      const mint = (alg: string, key: string) =>
        new SignJWT({ iss: issuer.issuer, aud: issuer.audience, sub: "alice", exp: 9e9 })
          .setProtectedHeader({ alg })
          .sign(Buffer.from(key));
      await call(await mint("HS256", secret)).expect(200);
      await call(await mint("HS256", `${secret}x`)).expect(401);
      await call(await mint("HS512", secret + secret)).expect(401);
    });
  });

  describe("in report mode", () => {
    it("lets everything pass and records what it would have refused", async () => {
      const { call, seen } = appWith({ mode: "report", scopes: "admin" });
      const answer = await call().expect(200, "ok");
      expect(answer.headers["www-authenticate"]).toBeUndefined();
      await call("garbage").expect(200);
      await call(issuer.mint({ jti: "id-1" })).expect(200);
      const refused = { guard: "oauthGuard", outcome: "deny", enforced: false, first: true };
      expect(seen.map(({ decisions }) => decisions[0])).toEqual([
        { ...refused, code: "authentication_required", status: 401, reason: "no_credentials" },
        { ...refused, code: "invalid_token", status: 401, reason: "malformed_token" },
        {
          ...refused,
          code: "insufficient_scope",
          status: 403,
          reason: "missing_scope",
          token: "id-1",
        },
      ]);
    });

    it("shows handlers only claims that it verified", async () => {
      const { call, seen } = appWith({ mode: "report" });
      await call(issuer.mint({ sub: "admin" }, { forged: true })).expect(200);
      await call(issuer.mint({ sub: "alice" })).expect(200);
      expect(seen[0]).toMatchObject({ auth: null, exposed: undefined, principal: null });
      expect(seen[1]?.auth?.subject).toBe("alice");
      expect(seen[1]?.exposed).toBe(seen[1]?.auth);
    });

    it("leaves alone what the app put on the request itself", async () => {
      const own = { id: "legacy" };
      const { call, seen } = appWith({ mode: "report" }, (req) =>
        Object.assign(req, { auth: own }),
      );
      await call(issuer.mint()).expect(200);
      expect(seen[0]?.exposed).toBe(own);
      expect(seen[0]?.auth?.subject).toBe("test-user");
    });

    it("lets requests pass during an outage and when a function of the app fails", async () => {
      const own = createTestIssuer();
      own.outage();
      const down = appWith({ ...own.options(), mode: "report" });
      await down.call(own.mint()).expect(200);
      expect(down.seen[0]?.decisions).toEqual([
        {
          guard: "oauthGuard",
          outcome: "error",
          enforced: false,
          first: true,
          code: "keys_unavailable",
          status: 503,
          reason: "key_function_failed",
        },
      ]);
      const broken = appWith({ mode: "report", jwks: (() => undefined) as never });
      await broken.call(issuer.mint()).expect(200);
    });
  });

  it("overwrites a req.auth that something else put there, and fails when it cannot", async () => {
    const { call, seen } = appWith({}, (req) => Object.assign(req, { auth: { sub: "fake" } }));
    await call(issuer.mint({ sub: "alice" })).expect(200);
    expect(seen[0]?.exposed).toBe(seen[0]?.auth);
    const locked = appWith({}, (req) => void Object.defineProperty(req, "auth", { value: {} }));
    expect((await locked.call(issuer.mint())).status).toBe(503);
    expect(locked.seen).toEqual([]);
  });

  it("hands the refusal to the app when asked to", async () => {
    const app = express();
    app.use(oauthGuard({ ...issuer.options(), onDenied: "next" }));
    app.use(
      ((error, _req, res, _next) =>
        void res.status(error.status).json({ mine: error.code })) as ErrorRequestHandler,
    );
    const answer = await request(app).get("/").expect(401);
    expect(answer.body).toEqual({ mine: "authentication_required" });
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
  });

  it("names and brands its middleware", () => {
    const { guard } = appWith({});
    expect([guard.name, guard.length]).toEqual(["oauthGuardMiddleware", 3]);
    expect(
      JSON.parse((guard as never as { expressSecureApiGuard: string }).expressSecureApiGuard),
    ).toEqual({
      guard: "oauthGuard",
      kind: "authentication",
      mode: "enforce",
    });
  });

  it("makes getAuth throw where no guard ran", async () => {
    const app = express();
    app.get("/", (req, res) => void res.json(getAuth(req)));
    app.use(
      ((error, _req, res, _next) =>
        void res.status(500).send(error.message)) as ErrorRequestHandler,
    );
    const answer = await request(app).get("/").expect(500);
    expect(answer.text).toBe(
      "getAuth: no oauthGuard ran for this request; mount it before the handler",
    );
  });
});
