import { callObserver } from "../core/calls/follow.js";
import { createGuard } from "../core/guard/guard.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject, nameFault } from "../core/options/value.js";
import { HttpError } from "../core/refusal/http-error.js";
import { respond } from "../core/refusal/respond.js";
import { answeringHandler } from "./life/answering-handler.js";
import { draining } from "./life/draining.js";
import { HealthCheck, type HealthCheckFunction } from "./life/health-check.js";
import { sendOk } from "./life/send-ok.js";
import type { Readyz, ReadyzOptions } from "./readyz-options.js";

type State = "starting" | "failing" | "shutting_down";

const KEYS: OptionKeys<ReadyzOptions> = {
  checks: "neverUndefined",
  timeout: true,
  cache: true,
  waitForReady: true,
  expose: true,
  onFail: true,
};
/** Of terminus and lightship. */
export const READYZ_HINTS: Hints<ReadyzOptions> = {
  healthChecks: "checks",
  check: "write checks: { name: () => … }",
  ttl: "cache",
  verbatim: 'write expose: "checks", which names the checks and not their errors',
  onError: "onFail",
};
const DETAILS: Readonly<Record<State, string>> = {
  starting: "The service is starting.",
  failing: "Something that the service needs is unavailable at the moment.",
  shutting_down: "The service is shutting down.",
};

/**
 * Answers whether this instance should get requests: 200, or 503 `service_unavailable` while it starts (`waitForReady`),
 * shuts down ({@link gracefulShutdown} of the same server, or `markDraining()`), or a check is down. For the readiness
 * probe of a balancer, on `app.get("/readyz", readyz())`. `state` in the body says which: `"starting"`,
 * `"shutting_down"` or `"failing"`. It is never cached, and answers GET and HEAD; other methods go on.
 *
 * It does not authenticate, and is marked as meant to be open for the route audit. Errors of checks are never sent.
 *
 * @throws OptionsError when an option is unknown or wrong.
 */
export function readyz(options: ReadyzOptions = {}): Readyz {
  const reader = readOptions<ReadyzOptions>("readyz", options, KEYS, READYZ_HINTS, "readyz()");
  const timeout = reader.duration("timeout", { min: "1ms", max: "1m", default: "800ms" });
  const cache = reader.duration("cache", { min: "1ms", max: "1m", default: "1s" });
  const waitForReady = reader.boolean("waitForReady");
  const exposesChecks =
    reader.oneOf("expose", ["state", "checks"], { default: "state" }) === "checks";
  const onFail = reader.function<(name: string, error: unknown) => void>("onFail");
  const checks = readChecks(reader).map(
    ([name, check]) =>
      new HealthCheck({ name, check, timeout, cache, onFail: (...args) => tell(onFail, ...args) }),
  );
  reader.finish();

  let isReady = !waitForReady;
  let isDraining = false;
  const refusals = {
    starting: notReady("starting"),
    failing: notReady("failing"),
    shutting_down: notReady("shutting_down"),
  };
  const guard = createGuard("readyz", "public", { mode: "enforce", onDenied: "respond" });

  const probe = guard.middleware(
    (req, res, next) => {
      if (req.method !== "GET" && req.method !== "HEAD") {
        next();
      } else if (isDraining || draining.get(req) === true) {
        respond(refusals.shutting_down, req, res);
      } else if (!isReady) {
        respond(refusals.starting, req, res);
      } else if (checks.length === 0) {
        sendOk(res);
      } else {
        void failing(checks).then((names) => {
          // Something else may have answered meanwhile, such as a deadline.
          if (res.headersSent || res.destroyed) return;
          if (names.length === 0) sendOk(res);
          else {
            const members = exposesChecks ? { checks: names } : {};
            const refusal = exposesChecks ? notReady("failing", members) : refusals.failing;
            respond(refusal, req, res);
          }
        });
      }
    },
    { rule: "readiness probe" },
  );
  return Object.assign(answeringHandler(probe), {
    markReady(): void {
      isReady = true;
    },
    markDraining(): void {
      isDraining = true;
    },
  });
}

/** The names of those that are down. */
async function failing(checks: readonly HealthCheck[]): Promise<readonly string[]> {
  const up = await Promise.all(checks.map((check) => check.isUp()));
  return checks.filter((_check, index) => up[index] !== true).map(({ name }) => name);
}

function notReady(state: State, members: Readonly<Record<string, unknown>> = {}): HttpError {
  return new HttpError("service_unavailable", {
    detail: DETAILS[state],
    headers: { "Retry-After": "5" },
    members: { state, ...members },
  });
}

function readChecks(
  reader: OptionsReader<"checks">,
): readonly (readonly [string, HealthCheckFunction])[] {
  const given = reader.raw("checks");
  if (given === undefined) return [];
  if (!isPlainObject(given) || Object.keys(given).length === 0) {
    reader.problem("checks", "an object of functions", "write { redis: () => redis.ping() }");
    return [];
  }
  const found: (readonly [string, HealthCheckFunction])[] = [];
  for (const [index, name] of Object.keys(given).entries()) {
    const check: unknown = given[name];
    const fault = name === "" ? "must not be empty" : nameFault(name);
    const note = (sentence: string): void => {
      // A secret in the wrong place must not reach a log.
      const place = isHarmless(name) ? `[${JSON.stringify(name)}]` : ` (check ${index + 1})`;
      reader.problems.note(`${reader.path}.checks${place}`, sentence);
    };
    if (fault !== undefined) note(fault);
    else if (typeof check === "function") found.push([name, check as HealthCheckFunction]);
    else note(`must be a function, got ${describeValue(check)}`);
  }
  return found;
}

function tell(
  onFail: ((name: string, error: unknown) => void) | undefined,
  name: string,
  error: unknown,
): void {
  if (onFail === undefined) {
    process.emitWarning(`readyz: the check "${name}" fails: this instance is not ready.`, {
      code: "EXPRESS_SECURE_API_NOT_READY",
    });
    return;
  }
  callObserver(() => onFail(name, error));
}
