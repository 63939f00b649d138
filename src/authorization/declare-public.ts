import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { ProblemList } from "../core/options/problem-list.js";
import { assertCalled } from "../core/options/uncalled-factory.js";
import { describeValue, nameFault } from "../core/options/value.js";

const MAX_REASON_LENGTH = 200;

/**
 * Says that a route is meant to be open, and why, as in
 * `app.get("/health", declarePublic("probe of the load balancer"), …)`. The route audit shows the reason in place of an
 * alarm, and the record of each request names it.
 *
 * It opens nothing: a guard in front of it still refuses.
 *
 * @throws {@link OptionsError} when there is no reason.
 */
export function declarePublic(reason: string): Middleware;
export function declarePublic(reason: unknown, ...rest: readonly unknown[]): Middleware {
  assertCalled("declarePublic", reason, 'declarePublic("probe of the load balancer")');
  const problems = new ProblemList();
  const fault = textFault(reason);
  if (fault !== undefined) problems.note("declarePublic.reason", fault);
  if (rest.length > 0)
    problems.note("declarePublic", "must have a reason alone: it has no options");
  problems.finish();

  const rule = String(reason);
  const guard = createGuard("declarePublic", "public", { mode: "enforce", onDenied: "respond" });
  const fields = Object.freeze({ reason: "declared_public", rule });
  return guard.middleware(
    (req, _res, next) => {
      guard.allow(req, fields);
      next();
    },
    { rule },
  );
}

function textFault(text: unknown): string | undefined {
  if (typeof text !== "string" || text === "") {
    return `must say in a few words why the route is open, got ${describeValue(text)}`;
  }
  if (text.length > MAX_REASON_LENGTH) return `must have at most ${MAX_REASON_LENGTH} characters`;
  return nameFault(text);
}
