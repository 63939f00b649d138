import { isPlainObject } from "../../core/options/value.js";
import { dashed } from "../csp/csp-directives.js";
import type { HeaderPlan } from "../headers/header-plan.js";
import type { RawOptions } from "./merge-options.js";

/** Who may frame the pages of the plan, as the content policy says; `undefined` where it says nothing. */
export function frameAncestors({ headers }: HeaderPlan): readonly string[] | undefined {
  const policy = headers.find(({ name }) => name.startsWith("Content-Security-Policy"));
  const [, sources] = /(?:^|;)\s*frame-ancestors ([^;,]+)/.exec(policy?.value ?? "") ?? [];
  return sources?.split(" ");
}

/**
 * The merged options, with `frame-ancestors` of the plan where another policy takes the place of the whole one: `true` and
 * `useDefaults` do not name it, so it stays.
 *
 * @param own - What is different, which decides whether it is so.
 */
export function keepFraming(merged: RawOptions, own: RawOptions, plan: HeaderPlan): RawOptions {
  const ancestors = frameAncestors(plan);
  const { helmet } = merged;
  if (ancestors === undefined || !isPlainObject(helmet) || !replacesPolicy(own)) return merged;
  const given: unknown = helmet["contentSecurityPolicy"];
  const policy = isPlainObject(given) ? given : {};
  const others = Object.entries(policy["directives"] ?? {}).filter(([name]) => !isFraming(name));
  const directives = { ...Object.fromEntries(others), frameAncestors: ancestors };
  return { ...merged, helmet: { ...helmet, contentSecurityPolicy: { ...policy, directives } } };
}

/** Whether nothing that stands in the policy elsewhere stays, and nobody has said who may frame the pages. */
function replacesPolicy({ helmet }: RawOptions): boolean {
  const policy: unknown = isPlainObject(helmet) ? helmet["contentSecurityPolicy"] : undefined;
  if (policy === true) return true;
  if (!isPlainObject(policy) || !Object.hasOwn(policy, "useDefaults")) return false;
  const directives = policy["directives"] ?? {};
  // What is no object of directives is told by the reader.
  return isPlainObject(directives) && !Object.keys(directives).some(isFraming);
}

function isFraming(directive: string): boolean {
  return dashed(directive) === "frame-ancestors";
}
