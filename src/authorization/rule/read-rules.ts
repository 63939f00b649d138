import { guardMark } from "../../core/guard/guard-mark.js";
import type { OptionItem, ProblemList } from "../../core/options/problem-list.js";
import { describeValue } from "../../core/options/value.js";
import { isRule, isRuleOfSomeVersion, type Rule } from "./rule.js";

/** What makes rules. */
const RULES: readonly string[] = [
  "authenticated",
  "role",
  "scope",
  "scopeAny",
  "permission",
  "permissionAny",
  "claim",
  "stepUp",
  "when",
  "owner",
  "sameTenant",
  "policy",
  "all",
  "any",
  "not",
];

/** Checks rules that stand in the arguments of a factory. */
export function readRules(
  problems: ProblemList,
  factory: string,
  rules: readonly unknown[],
): readonly Rule[] {
  const path = `${factory}.rules`;
  if (rules.length === 0) problems.note(path, "must have at least one entry, got none");
  for (const item of problems.items(path, rules)) checkRule(item);
  return rules.filter(isRule);
}

/** Notes a problem when the value is no rule. */
export function checkRule({ value, note }: OptionItem): void {
  if (isRule(value)) return;
  const fix =
    typeof value === "function"
      ? RULES.includes(value.name)
        ? `: call it, as in ${value.name}(…)`
        : guardMark(value) === undefined
          ? ': write when("own record", …) around it'
          : ": a guard is no rule, write role(…) in place of requireRole(…)"
      : typeof value === "string"
        ? ": write role(…) or scope(…) around the name"
        : Array.isArray(value)
          ? ": write the rules without brackets"
          : isRuleOfSomeVersion(value)
            ? ": it was made by another version of this library, install one alone"
            : "";
  note(`must be a rule such as role("admin"), got ${describeValue(value)}${fix}`);
}
