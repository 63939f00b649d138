import { describeValue } from "../../core/options/describe-value.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isRule, type Rule } from "./rule.js";

/** Checks rules that stand in the arguments of a factory. */
export function readRules(reader: OptionsReader, rules: readonly unknown[]): readonly Rule[] {
  if (rules.length === 0) reader.note("rules", "must have at least one entry, got none");
  rules.forEach((rule, index) => {
    readRule(reader, `rules[${index}]`, rule);
  });
  return rules.filter(isRule);
}

/** Notes a problem when the value is no rule. */
export function readRule(reader: OptionsReader, key: string, value: unknown): void {
  if (isRule(value)) return;
  const fix =
    typeof value === "function"
      ? ": a guard is no rule, write role(…) in place of requireRole(…)"
      : Array.isArray(value)
        ? ": write the rules without brackets"
        : "";
  reader.note(key, `must be a rule such as role("admin"), got ${describeValue(value)}${fix}`);
}
