import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { body } from "express-validator";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CALL_DEADLINE_MS } from "../../src/core/calls/create-call.js";
import { decisionsOf } from "../../src/core/decision/decision.js";
import * as library from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";

type Mode = "enforce" | "report";
type UserFunction = (...args: readonly never[]) => unknown;

/** One option that is a function and decides about requests. */
interface CallSite {
  readonly mount: (decide: UserFunction, mode: Mode) => unknown;
  /** What lets the request pass. */
  readonly right: (...args: readonly never[]) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The code of the refusal. @default "check_unavailable" */
  readonly code?: string;
  /** @default "5" */
  readonly retryAfter?: string;
}

interface Answer {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly code: unknown;
}

const { oauthGuard, principalFrom, rateLimit, secureHeaders, validate } = library;
const issuer = createTestIssuer();
const token = { authorization: `Bearer ${issuer.mint()}` };
const one = { limit: 100, window: "1m" };

/** Every option of every factory that is a function and decides. */
const SITES: Readonly<Record<string, CallSite>> = {
  "rateLimit.key": {
    mount: (key, mode) => rateLimit({ ...one, key, mode } as never),
    right: () => "alice",
  },
  "rateLimit.policies[1].key": {
    mount: (key, mode) =>
      rateLimit({
        policies: [
          { ...one, name: "a" },
          { ...one, name: "b", key },
        ],
        mode,
      } as never),
    right: () => "alice",
  },
  "rateLimit.key, after the body": {
    mount: (key, mode) =>
      library.secureApi({
        auditLog: false,
        oauthGuard: false,
        secureHeaders: false,
        jsonBody: {},
        rateLimit: { ...one, phase: "after-body", match: "/*", key },
        mode,
      } as never),
    right: () => "alice",
  },
  "rateLimit.cost": {
    mount: (cost, mode) => rateLimit({ ...one, cost, mode } as never),
    right: () => 1,
  },
  "rateLimit.skip": {
    mount: (skip, mode) => rateLimit({ ...one, skip, mode } as never),
    right: () => true,
  },
  principalFrom: {
    mount: (derive, mode) => principalFrom(derive as never, { mode }),
    right: () => ({ subject: "alice" }),
  },
  "oauthGuard.jwks": {
    mount: (jwks, mode) => oauthGuard({ ...issuer.options(), jwks, mode } as never),
    right: () => issuer.jwks,
    headers: token,
    code: "keys_unavailable",
  },
  "oauthGuard.keys.fetch": {
    mount: (fetch, mode) =>
      oauthGuard({
        issuer: "https://issuer.test/",
        audience: "https://api.test/",
        jwksUri: "https://issuer.test/jwks",
        keys: { fetch: fetch as never },
        mode,
      }),
    right: async () => Response.json(issuer.jwks),
    headers: token,
    code: "keys_unavailable",
    retryAfter: "1",
  },
  "oauthGuard.principal.kind": {
    mount: (kind, mode) => oauthGuard({ ...issuer.options(), principal: { kind }, mode } as never),
    right: () => "user",
    headers: token,
  },
  "validate.body, a compiled function": {
    mount: (compiled, mode) => validate({ body: compiled, mode } as never),
    right: () => true,
  },
  "validate.body, a Standard Schema": {
    mount: (check, mode) =>
      validate({
        body: { "~standard": { version: 1, vendor: "test", validate: check } },
        mode,
      } as never),
    right: () => ({ value: { a: 1 } }),
  },
  "validate.chains": {
    mount: (run, mode) => validate({ chains: [{ run }], unknown: "allow", mode } as never),
    right: (req) => body("a").optional().run(req),
  },
};

const boom = new Error("boom");
/** Looking at it in any way, `instanceof` included, throws it again. */
const unreadable: object = new Proxy({}, unreadableHandler());
const throwing = (value: unknown) => (): unknown => {
  throw value;
};
const never = (): unknown => new Promise(() => undefined);

/** How functions fail. */
const FAILURES: readonly (readonly [how: string, fail: () => unknown])[] = [
  ["throws", throwing(boom)],
  ["throws undefined", throwing(undefined)],
  ['throws "route"', throwing("route")],
  ["throws what cannot be looked at", throwing(unreadable)],
  ["returns the wrong type", () => Symbol("wrong")],
  ["promises the wrong type", () => Promise.resolve(Symbol("wrong"))],
  ["rejects", () => Promise.reject(boom)],
  ["rejects with undefined", () => Promise.reject(undefined)],
  ['rejects with "route"', () => Promise.reject("route")],
  ["rejects with what cannot be looked at", () => Promise.reject(unreadable)],
  ["returns what cannot be looked at", () => unreadable],
  ["never settles", never],
  // biome-ignore lint/suspicious/noThenProperty: what functions of apps may return.
  ["returns a thenable that throws in then", () => ({ then: throwing(boom) })],
  [
    "returns an object whose then cannot be read",
    // biome-ignore lint/suspicious/noThenProperty: as above.
    () => Object.defineProperty({}, "then", { get: throwing(boom) }),
  ],
];

const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();

describe.each(expressVersions)("functions of the app on Express %s", (_major, express) => {
  let server: Server;
  let reached = 0;
  let called: Promise<void>;
  let left: Promise<void>;
  let decisions: ReturnType<typeof decisionsOf> = [];

  /** The server, with an error handler that goes on, and the route once more behind it. */
  async function serve(site: CallSite, decide: UserFunction, mode: Mode): Promise<void> {
    reached = 0;
    let tellCalled = (): void => undefined;
    called = new Promise((resolve) => {
      tellCalled = resolve;
    });
    let tellLeft = (): void => undefined;
    left = new Promise((resolve) => {
      tellLeft = resolve;
    });
    const noted: UserFunction = (...args) => {
      tellCalled();
      return decide(...args);
    };
    const route: RequestHandler = (_req, res) => {
      reached += 1;
      res.json({ reached });
    };
    const app = express();
    app.use((req, res, next) => {
      decisions = decisionsOf(req);
      res.once("close", () => tellLeft());
      next();
    });
    app.use(express.json(), site.mount(noted, mode) as RequestHandler);
    app.use(route, careless, route);
    server = app.listen(0);
    await once(server, "listening");
  }

  function open(site: CallSite, method = "POST", more: Readonly<Record<string, string>> = {}) {
    const { port } = server.address() as AddressInfo;
    const headers = { "content-type": "application/json", ...site.headers, ...more };
    return httpRequest({ port, method, headers, agent: false });
  }

  /** Reading fetched keys takes several turns. */
  async function decided(): Promise<void> {
    for (let turn = 0; decisions.length === 0 && turn < 200; turn += 1) await settle();
  }

  async function answerOf(req: ReturnType<typeof httpRequest>): Promise<Answer> {
    const [res] = await once(req, "response");
    let text = "";
    for await (const chunk of res) text += chunk;
    const { code } = JSON.parse(text || "{}");
    return { status: res.statusCode, retryAfter: res.headers["retry-after"], code };
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });

  afterEach(() => {
    vi.useRealTimers();
    server.closeAllConnections();
    server.close();
  });

  const cases = Object.entries(SITES).flatMap(([option, site]) =>
    FAILURES.map(([how, fail]) => [option, how, site, fail] as const),
  );

  it.each(cases)(
    "%s that %s is a refusal: it never lets the request through, never hangs it, and reaches no error handler",
    async (_option, _how, site, fail) => {
      await serve(site, fail, "enforce");
      const answer = answerOf(open(site).end('{"a":1}'));
      await called;
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      const code = site.code ?? "check_unavailable";
      const { retryAfter = "5" } = site;
      expect(await answer).toEqual({ status: 503, retryAfter, code });
      expect(reached).toBe(0);
      expect(decisions.at(-1)).toMatchObject({ outcome: "error", enforced: true, code });
    },
  );

  it.each(cases)(
    "%s that %s is recorded in report mode, and the request goes on",
    async (_option, _how, site, fail) => {
      await serve(site, fail, "report");
      const answer = answerOf(open(site).end('{"a":1}'));
      await called;
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      expect((await answer).status).toBe(200);
      await settle();
      expect(reached).toBe(1);
      const code = site.code ?? "check_unavailable";
      expect(decisions).toMatchObject([{ outcome: "error", enforced: false, code, first: true }]);
    },
  );

  it.each(Object.entries(SITES))("%s may look something up first", async (_option, site) => {
    const later: UserFunction = async (...args) => {
      await settle();
      return site.right(...args);
    };
    for (const mode of ["enforce", "report"] as const) {
      await serve(site, later, mode);
      expect(await answerOf(open(site).end('{"a":1}'))).toMatchObject({ status: 200 });
      await decided();
      expect(decisions).toMatchObject([{ outcome: "allow", enforced: mode === "enforce" }]);
      server.close();
    }
  });

  it.each(Object.entries(SITES))(
    "%s that answers after the client left runs nothing",
    async (_option, site) => {
      let resolve: (value: unknown) => void = () => undefined;
      let late: Promise<unknown> = Promise.resolve();
      await serve(
        site,
        (...args) => {
          late = new Promise((settleIt) => {
            resolve = () => settleIt(site.right(...args));
          });
          return late;
        },
        "enforce",
      );
      const req = open(site);
      req.on("error", () => undefined);
      req.end('{"a":1}');
      await called;
      req.destroy();
      await left;
      resolve(undefined);
      await late;
      await decided();
      expect(reached).toBe(0);
      expect(decisions).toMatchObject([{ reason: "client_left" }]);
    },
  );

  const rejecting = (): unknown => Promise.reject(boom);
  const twoPolicies = (first: object, second: object) => (decide: UserFunction, mode: Mode) =>
    rateLimit({
      policies: [
        { ...one, name: "a", key: decide, ...first },
        { ...one, name: "b", ...second },
      ],
      mode,
    } as never);

  // Vitest fails the run on an unhandled rejection.
  it.each<[string, CallSite["mount"]]>([
    [
      "the cost of the same policy",
      (key, mode) => rateLimit({ ...one, key, cost: throwing(boom), mode } as never),
    ],
    ["the key of the next policy", twoPolicies({}, { key: throwing(boom) })],
    ["the cost of the next policy", twoPolicies({}, { cost: throwing(boom) })],
    ["another promise", twoPolicies({ cost: rejecting }, { key: rejecting })],
  ])("a promise that rejects after %s failed leaves no rejection behind", async (_other, mount) => {
    for (const mode of ["enforce", "report"] as const) {
      await serve({ mount, right: () => "alice" }, rejecting, mode);
      const { status } = await answerOf(open({ mount, right: () => "alice" }).end("{}"));
      await settle();
      expect(status).toBe(mode === "enforce" ? 503 : 200);
      server.close();
    }
  });

  describe("secureHeaders.cors.origins", () => {
    const site: CallSite = {
      mount: (origins, mode) => secureHeaders({ cors: { origins: origins as never }, mode }),
      right: () => true,
      headers: { origin: "https://app.example.com" },
    };
    const asks = { "access-control-request-method": "PUT" };

    it.each(FAILURES)("that %s grants nothing: a preflight gets 403", async (_how, fail) => {
      await serve(site, fail, "enforce");
      const answer = answerOf(open(site, "OPTIONS", asks).end());
      await called;
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      expect(await answer).toMatchObject({ status: 403, code: "cors_not_allowed" });
      expect(reached).toBe(0);
    });

    it.each(FAILURES)("that %s is recorded in report mode", async (_how, fail) => {
      await serve(site, fail, "report");
      const answer = answerOf(open(site, "OPTIONS", asks).end());
      await called;
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      expect((await answer).status).toBe(200);
      await settle();
      expect(reached).toBe(1);
      expect(decisions).toMatchObject([{ outcome: "deny", enforced: false }]);
    });
  });
});

function unreadableHandler(): ProxyHandler<object> {
  const again = (): never => {
    throw unreadable;
  };
  return { get: again, getPrototypeOf: again, has: again, ownKeys: again };
}

/** Lets all promises settle whose time has come. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
