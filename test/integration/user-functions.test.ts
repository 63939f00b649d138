import { once } from "node:events";
import { request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, RequestHandler } from "express";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { CALL_DEADLINE_MS } from "../../src/core/calls/create-call.js";
import { decisionsOf } from "../../src/core/decision/decision.js";
import { rateLimit, secureHeaders } from "../../src/index.js";
import { expressVersions } from "../support/express.js";
import {
  DECIDING,
  type DecidingSite,
  type Mode,
  type UserFunction,
} from "../support/user-functions/deciding.js";
import { boom, FAILURES, type Failure, throwing } from "../support/user-functions/failures.js";

interface Answer {
  readonly status: number | undefined;
  readonly retryAfter: string | undefined;
  readonly code: unknown;
}

const one = { limit: 100, window: "1m" };
const careless: ErrorRequestHandler = (_error, _req, _res, next) => next();

describe.each(expressVersions)("functions of the app on Express %s", (_major, express) => {
  let server: Server;
  let guard: RequestHandler;
  let reached = 0;
  let called: Promise<void>;
  let left: Promise<void>;
  let tellLeft = (): void => undefined;
  let decisions: ReturnType<typeof decisionsOf> = [];

  /** With an error handler that goes on, and the route once more behind it. */
  beforeAll(async () => {
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
    app.use(express.json());
    app.use("/:a", (req, res, next) => guard(req, res, next));
    app.use(route, careless, route);
    server = app.listen(0);
    await once(server, "listening");
  });

  afterAll(() => void server.close());

  /** Lets the server decide by this function. */
  function serve(site: DecidingSite, decide: UserFunction, mode: Mode): void {
    reached = 0;
    let tellCalled = (): void => undefined;
    called = new Promise((resolve) => {
      tellCalled = resolve;
    });
    left = new Promise((resolve) => {
      tellLeft = resolve;
    });
    const noted: UserFunction = (...args) => {
      tellCalled();
      return decide(...args);
    };
    guard = site.mount(noted, mode) as RequestHandler;
  }

  function open(site: DecidingSite, method = "POST", more: Readonly<Record<string, string>> = {}) {
    const { port } = server.address() as AddressInfo;
    const headers = { "content-type": "application/json", ...site.headers, ...more };
    return httpRequest({ port, method, path: "/1?a=1", headers, agent: false });
  }

  /** Reading fetched keys takes several turns, and on a busy machine many. Every test that waits expects a decision. */
  async function decided(): Promise<void> {
    const end = performance.now() + 10_000;
    while (decisions.length === 0 && performance.now() < end) await settle();
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
  });

  const cases = Object.entries(DECIDING).flatMap(([option, site]) =>
    FAILURES.map(([how, fail]) => [option, how, site, fail] as const),
  );

  const waiting = Object.entries(DECIDING).filter(([, site]) => site.synchronous !== true);

  it.each(cases)(
    "%s that %s is a refusal: it never lets the request through, never hangs it, and reaches no error handler",
    async (_option, _how, site, fail) => {
      serve(site, failing(site, fail), "enforce");
      const answer = answerOf(open(site).end('{"a":1}'));
      await called;
      await settle();
      vi.advanceTimersByTime(site.deadline ?? CALL_DEADLINE_MS);
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
      serve(site, failing(site, fail), "report");
      const answer = answerOf(open(site).end('{"a":1}'));
      await called;
      await settle();
      vi.advanceTimersByTime(site.deadline ?? CALL_DEADLINE_MS);
      expect((await answer).status).toBe(200);
      await decided();
      expect(reached).toBe(1);
      const code = site.code ?? "check_unavailable";
      expect(decisions).toMatchObject([{ outcome: "error", enforced: false, code, first: true }]);
    },
  );

  it.each(waiting)("%s may look something up first", async (_option, site) => {
    const later: UserFunction = async (...args) => {
      await settle();
      return site.right(...args);
    };
    for (const mode of ["enforce", "report"] as const) {
      serve(site, later, mode);
      expect(await answerOf(open(site).end('{"a":1}'))).toMatchObject({ status: 200 });
      await decided();
      expect(decisions).toMatchObject([{ outcome: "allow", enforced: mode === "enforce" }]);
    }
  });

  it.each(waiting)("%s that answers after the client left runs nothing", async (_option, site) => {
    let resolve: (value: unknown) => void = () => undefined;
    let late: Promise<unknown> | undefined;
    serve(
      site,
      (...args) => {
        if (late !== undefined) return site.right(...args);
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
  });

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
  it.each<[string, DecidingSite["mount"]]>([
    [
      "the cost of the same policy",
      (key, mode) => rateLimit({ ...one, key, cost: throwing(boom), mode } as never),
    ],
    ["the key of the next policy", twoPolicies({}, { key: throwing(boom) })],
    ["the cost of the next policy", twoPolicies({}, { cost: throwing(boom) })],
    ["another promise", twoPolicies({ cost: rejecting }, { key: rejecting })],
  ])("a promise that rejects after %s failed leaves no rejection behind", async (_other, mount) => {
    for (const mode of ["enforce", "report"] as const) {
      serve({ mount, right: () => "alice" }, rejecting, mode);
      const { status } = await answerOf(open({ mount, right: () => "alice" }).end("{}"));
      await settle();
      expect(status).toBe(mode === "enforce" ? 503 : 200);
    }
  });

  describe("secureHeaders.cors.origins", () => {
    const site: DecidingSite = {
      mount: (origins, mode) => secureHeaders({ cors: { origins: origins as never }, mode }),
      right: () => true,
      headers: { origin: "https://app.example.com" },
    };
    const asks = { "access-control-request-method": "PUT" };

    it.each(FAILURES)("that %s grants nothing: a preflight gets 403", async (_how, fail) => {
      serve(site, failing(site, fail), "enforce");
      const answer = answerOf(open(site, "OPTIONS", asks).end());
      await called;
      await settle();
      vi.advanceTimersByTime(site.deadline ?? CALL_DEADLINE_MS);
      expect(await answer).toMatchObject({ status: 403, code: "cors_not_allowed" });
      expect(reached).toBe(0);
    });

    it.each(FAILURES)("that %s is recorded in report mode", async (_how, fail) => {
      serve(site, failing(site, fail), "report");
      const answer = answerOf(open(site, "OPTIONS", asks).end());
      await called;
      await settle();
      vi.advanceTimersByTime(site.deadline ?? CALL_DEADLINE_MS);
      expect((await answer).status).toBe(200);
      await decided();
      expect(reached).toBe(1);
      expect(decisions).toMatchObject([{ outcome: "deny", enforced: false }]);
    });
  });
});

function failing(site: DecidingSite, fail: Failure): UserFunction {
  return (...args) => fail(() => site.right(...args));
}

/** Lets all promises settle whose time has come. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
