import { CORS_RULES } from "./cors-rules.js";
import { ERROR_RULES } from "./error-rules.js";
import { HEADER_RULES } from "./header-rules.js";
import type { CheckName, Severity } from "./scan-rule.js";
import { STATE_RULES } from "./state-rules.js";
import { TRANSPORT_RULES } from "./transport-rules.js";

/** From the worst to the best. */
export const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

/** Every rule of the scan. */
export const SCAN_RULES = {
  ...TRANSPORT_RULES,
  ...HEADER_RULES,
  ...CORS_RULES,
  ...ERROR_RULES,
  ...STATE_RULES,
} as const;

/** The name of a rule. */
export type ScanRuleName = keyof typeof SCAN_RULES;

/** The worst that a check can find: what is counted when it could not be carried out. */
export function worstOf(check: CheckName): Severity {
  const severities = Object.values(SCAN_RULES)
    .filter((one) => one.check === check)
    .map(({ severity }) => severity);
  return SEVERITIES.find((one) => severities.includes(one)) ?? "info";
}
