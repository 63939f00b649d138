import type { Decision } from "../../core/decision/decision.js";
import { isRefusal } from "../facts/verdict.js";

/** The name of the policy that counts what is answered in front of the others. */
const PREFLIGHT = "preflight";

type Check = (refusal: Decision) => boolean;

/**
 * Which refusals of which guards stand in front of the limits: nothing else bounds how many records they make. A guard
 * that is not named is behind them.
 */
const IN_FRONT: ReadonlyMap<string, Check> = new Map<string, Check>([
  // Preflights and cross-site requests.
  ["secureHeaders", () => true],
  // What it refuses under overload, where records cost most.
  ["loadShedding", () => true],
  // The check of paths. What else the preset refuses by itself is behind the limits.
  ["secureApi", ({ code }) => code === "ambiguous_request"],
  // The limit of preflights itself, which answers before the others count.
  ["rateLimit", ({ policy }) => policy === PREFLIGHT],
]);

/** Why a limit lets a request pass that it has not counted. */
const UNCOUNTED: ReadonlySet<unknown> = new Set(["skipped", "no_policy_applies"]);

/**
 * The refusal that stopped a request before any limit counted it, if there is one.
 *
 * @param decisions - All about the request, in order.
 */
export function frontRefusalIn(decisions: readonly Decision[]): Decision | undefined {
  for (const decision of decisions) {
    if (hasCounted(decision)) return undefined;
    if (decision.outcome === "allow" || !decision.enforced || !isRefusal(decision)) continue;
    return IN_FRONT.get(decision.guard)?.(decision) === true ? decision : undefined;
  }
  return undefined;
}

/** Whether a limit has counted the request, and so bounds what comes behind; that of preflights itself stands in front. */
function hasCounted({ guard, outcome, enforced, reason, policy }: Decision): boolean {
  if (guard !== "rateLimit" || policy === PREFLIGHT) return false;
  return outcome === "allow" && enforced && !UNCOUNTED.has(reason);
}
