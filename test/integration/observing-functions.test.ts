import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CALL_DEADLINE_MS } from "../../src/core/calls/create-call.js";
import { ignoreOutcome } from "../../src/core/calls/follow.js";
import { DECISION_CHANNEL } from "../../src/core/decision/decision.js";
import {
  type AuditSink,
  auditLog,
  createTokenVerifier,
  errorHandler,
  FAILURE_CHANNEL,
  rateLimit,
  requireRole,
  secureApi,
  secureHeaders,
} from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";
import { FAILURES, type Failure } from "../support/user-functions/failures.js";
import { VERIFYING } from "../support/user-functions/observing.js";

const MODES = ["enforce", "report"] as const;
const one = { limit: 100, window: "1m" };
const admitted = { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 };
const refused = { allowed: false, remaining: 0, retryAfterMs: 1000, resetMs: 1000 };

/** A sink that answers, but for the methods that are given. */
function sinkWith(methods: object): AuditSink {
  const sink = Object.assign(new EventEmitter(), {
    log: (_info: unknown, next: () => void) => next(),
    end: () => void setImmediate(() => sink.emit("finish")),
    ...methods,
  });
  return sink as unknown as AuditSink;
}

/** All at once: some make the end of a log wait for seconds. */
async function forEachFailure(
  attempt: (how: string, fail: Failure) => Promise<void>,
): Promise<void> {
  await Promise.all(FAILURES.map(([how, fail]) => attempt(how, fail)));
}

const failing = (fail: Failure) => () => fail(() => undefined);

afterEach(() => {
  vi.useRealTimers();
});

// Vitest fails the run on an unhandled rejection.
describe.each(expressVersions)("functions that only observe, on Express %s", (_major, express) => {
  function appWith(...handlers: readonly unknown[]): Express {
    const app = express();
    app.set("env", "test");
    for (const handler of handlers) app.use(handler as never);
    app.get("/", (_req, res) => void res.send("ok"));
    return app;
  }

  it.each(FAILURES)("errorHandler.onError that %s changes no answer", async (_how, fail) => {
    const onError = vi.fn(failing(fail));
    const app = appWith();
    app.get("/broken", () => {
      throw new Error("x");
    });
    app.use(errorHandler({ onError }));
    const answer = await request(app).get("/broken").expect(500);
    expect(answer.body.code).toBe("internal_error");
    expect(onError).toHaveBeenCalledOnce();
    await settle();
  });

  it.each(FAILURES)(
    "secureHeaders.https.onPlaintextCredential that %s changes no answer",
    async (_how, fail) => {
      const onPlaintextCredential = vi.fn(failing(fail));
      const https = { host: "api.example.com", onPlaintextCredential } as never;
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const answer = await request(appWith(secureHeaders({ https })))
        .get("/")
        .set("Authorization", "Bearer t")
        .expect(403);
      expect(answer.body.code).toBe("https_required");
      expect(onPlaintextCredential).toHaveBeenCalledOnce();
      await settle();
    },
  );

  it.each(MODES)(
    "auditLog.sinks.log that fails changes no answer, and its records count as lost, mode %s",
    async (mode) => {
      await forEachFailure(async (how, fail) => {
        const log = auditLog({ sinks: [sinkWith({ log: failing(fail) })], mode });
        await request(appWith(log)).get("/").expect(200, "ok");
        await log.close();
        const { records, lost, pending } = log.stats();
        expect({ lost, pending }, how).toEqual({ lost: records, pending: 0 });
        expect(records).toBeGreaterThan(1);
      });
    },
  );

  it.each(["close", "end", "format.transform", "on"])(
    "auditLog.sinks.%s that fails breaks neither a request nor the end of the log",
    async (name) => {
      await forEachFailure(async (how, fail) => {
        const broken = failing(fail);
        // Nobody would hear of the errors of such a sink: what `on` throws is thrown at start-up.
        if (name === "on" && throws(broken)) return;
        const log = auditLog({
          sinks: [
            sinkWith(
              name === "format.transform" ? { format: { transform: broken } } : { [name]: broken },
            ),
          ],
        });
        await request(appWith(log)).get("/").expect(200, "ok");
        await log.close();
        expect(log.stats().pending, how).toBe(0);
      });
    },
  );

  it.each([DECISION_CHANNEL, FAILURE_CHANNEL])(
    "a subscriber of %s that fails breaks nothing",
    async (channel) => {
      for (const [how, fail] of FAILURES) {
        const subscriber = vi.fn(failing(fail));
        subscribe(channel, subscriber);
        try {
          const sinks = [sinkWith({ log: failing(() => Promise.reject(new Error("x"))) })];
          const log = auditLog({ sinks });
          await request(appWith(log, requireRole("admin")))
            .get("/")
            .expect(401);
          await log.close();
          expect(subscriber, how).toHaveBeenCalled();
        } finally {
          unsubscribe(channel, subscriber);
        }
      }
    },
  );

  it.each(FAILURES)(
    "rateLimit.store.refund that %s leaves the refusal as it is",
    async (_how, fail) => {
      for (const mode of MODES) {
        const refund = vi.fn(failing(fail));
        const issuer = createTestIssuer();
        const security = secureApi({
          auditLog: false,
          oauthGuard: { ...issuer.options(), mode: "enforce" },
          rateLimit: {
            policies: [
              { ...one, name: "address" },
              { ...one, name: "caller", key: "principal" },
            ],
            store: {
              consume: async (asked) =>
                asked.map(({ policy }) => (policy.endsWith("caller") ? refused : admitted)),
              refund: refund as never,
            },
          },
          mode,
        });
        const answer = await request(appWith(security))
          .get("/")
          .set("Authorization", `Bearer ${issuer.mint()}`);
        expect(answer.status).toBe(mode === "enforce" ? 429 : 200);
        await expect.poll(() => refund.mock.calls.length).toBe(1);
        await settle();
      }
    },
  );
});

describe("functions that are called when the app ends", () => {
  it.each(FAILURES)(
    "rateLimit.store.close that %s keeps nothing open: close() ends within five seconds, and the audit log ends",
    async (_how, fail) => {
      const ended = vi.fn();
      const security = secureApi({
        auditLog: { sinks: [sinkWith({ close: ended })] },
        oauthGuard: false,
        rateLimit: {
          ...one,
          name: "a",
          store: { consume: async () => [admitted], close: failing(fail) as never },
        },
      });
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const closing = security.close().then(ignore, ignore);
      await settle();
      vi.advanceTimersByTime(CALL_DEADLINE_MS);
      vi.useRealTimers();
      await closing;
      expect(ended).toHaveBeenCalledOnce();
    },
  );

  it("tells whoever closes a limiter that its store could not be closed", async () => {
    const boom = new Error("boom");
    const close = () => Promise.reject(boom);
    const store = { consume: async () => [admitted], close };
    await expect(rateLimit({ ...one, name: "a", store }).close()).rejects.toBe(boom);
  });
});

describe.each(Object.entries(VERIFYING))("%s", (_option, optionsOf) => {
  it.each(FAILURES)("that %s is a rejection with 503", async (_how, fail) => {
    const issuer = createTestIssuer();
    const { issuer: name, audience, jwks } = issuer.options();
    const { entry, ...own } = optionsOf(failing(fail)) as { entry?: object };
    const { jwks: given = jwks, ...others } = own as { jwks?: unknown };
    const options =
      entry === undefined
        ? { issuer: name, audience, ...("jwksUri" in own ? {} : { jwks: given }), ...others }
        : { audience, issuer: [{ issuer: name, jwks, ...entry }] };
    const verifier = createTokenVerifier(options as never);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const outcome = verifier.verify(issuer.mint()).then(
      () => "verified",
      (error: { status?: unknown }) => error.status,
    );
    await settle();
    vi.advanceTimersByTime(CALL_DEADLINE_MS);
    expect(await outcome).toBe(503);
  });
});

function throws(broken: () => unknown): boolean {
  try {
    ignoreOutcome(broken());
    return false;
  } catch {
    return true;
  }
}

function ignore(): void {}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
