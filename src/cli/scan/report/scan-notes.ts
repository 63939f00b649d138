import { hideSecrets } from "../client/hide-secrets.js";
import type { CheckName } from "../rules/scan-rule.js";
import { SCAN_RULES, type ScanRuleName, SEVERITIES, worstOf } from "../rules/scan-rules.js";
import type { ScanFinding, SkippedPart, UncheckedPart } from "./scan-report.js";

/** What a server sends is of any length. */
const MAX_SEEN = 160;
const MAX_PLACES = 10;

/** What the checks have noted so far. */
export interface ScanNotes {
  /** One rule is one finding, with every request that shows it. */
  found(rule: ScanRuleName, at: string, seen: string): void;
  unchecked(check: CheckName, why: string): void;
  skipped(check: CheckName, why: string): void;
  findings(): readonly ScanFinding[];
  uncheckedParts(): readonly UncheckedPart[];
  skippedParts(): readonly SkippedPart[];
}

/** Notes in which no secret stands, also when the server repeats it. */
export function createScanNotes(secrets: readonly string[]): ScanNotes {
  const hide = hideSecrets(secrets);
  const found = new Map<ScanRuleName, { seen: string; at: string[] }>();
  const unchecked = new Map<CheckName, string>();
  const skipped = new Map<string, SkippedPart>();
  const clean = (text: string): string => {
    const shown = hide(text);
    return shown.length > MAX_SEEN ? `${shown.slice(0, MAX_SEEN)}…` : shown;
  };
  return {
    found(rule, at, seen) {
      const held = found.get(rule);
      if (held === undefined) found.set(rule, { seen: clean(seen), at: [clean(at)] });
      else if (held.at.length < MAX_PLACES && !held.at.includes(clean(at))) held.at.push(clean(at));
    },
    unchecked(check, why) {
      if (!unchecked.has(check)) unchecked.set(check, clean(why));
    },
    skipped(check, why) {
      skipped.set(`${check} ${why}`, { check, why });
    },
    findings: () =>
      [...found]
        .map(([rule, { seen, at }]): ScanFinding => ({ rule, ...SCAN_RULES[rule], seen, at }))
        .sort(
          (one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity),
        ),
    uncheckedParts: () =>
      [...unchecked].map(([check, why]) => ({ check, severity: worstOf(check), why })),
    skippedParts: () => [...skipped.values()],
  };
}
