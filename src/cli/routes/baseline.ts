import {
  countNames,
  type KnownNames,
  readBaseline,
  saveBaseline,
} from "../../route-audit/exceptions/baseline.js";
import type { RouteFinding } from "../../route-audit/findings/finding.js";
import { entriesOf, isOpen } from "../../route-audit/report/labels.js";
import type { RouteReport } from "../../route-audit/report/route-report.js";
import { CommandError, lineOf } from "../terminal/command-error.js";

const NOT_OPEN = ", which is not open any more";
const TOO_OFTEN = " more often than it is open";

/**
 * Holds findings against the baseline that `assertRoutesGuarded` reads as well: what it names is known. A name of what is
 * not open any more is a finding of its own: it would hide the same fault when it comes back.
 *
 * @param update - Whether to take such names out of the file, or to write the file when there is none.
 * @throws CommandError when the file cannot be read or written, or is no baseline.
 */
export function applyBaseline(
  file: string,
  update: boolean,
  report: RouteReport,
  findings: readonly RouteFinding[],
): readonly RouteFinding[] {
  const open = countNames(
    entriesOf(report)
      .filter(isOpen)
      .map(({ label }) => label),
  );
  const known = readNames(file, update) ?? open;
  const kept = new Map(
    [...known].map(([name, count]) => [name, Math.min(count, open.get(name) ?? 0)]),
  );
  if (update) {
    save(
      file,
      [...kept].flatMap(([name, count]) => Array<string>(count).fill(name)),
    );
  }
  const stale = [...known].filter(([name, count]) => count > (kept.get(name) ?? 0));
  return [
    ...accept(findings, kept),
    ...(update ? [] : stale).map(
      ([name]): RouteFinding => ({
        rule: "baseline-outdated",
        level: "error",
        message: `The baseline names ${name}${kept.get(name) === 0 ? NOT_OPEN : TOO_OFTEN}: take it out with --update-baseline.`,
      }),
    ),
  ];
}

/** Of each kind, as many findings under one name as the baseline has of that name. */
function accept(findings: readonly RouteFinding[], kept: KnownNames): readonly RouteFinding[] {
  const seen = new Map<string, number>();
  return findings.map((one) => {
    if (one.level !== "error" || one.label === undefined) return one;
    const key = `${one.rule} ${one.label}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count <= (kept.get(one.label) ?? 0) ? { ...one, accepted: true } : one;
  });
}

function readNames(file: string, update: boolean): KnownNames | undefined {
  const names = readBaseline(file);
  if (typeof names === "string") throw new CommandError(`the baseline ${file} ${names}`);
  if (names === undefined && !update) {
    throw new CommandError(`there is no baseline ${file}: write it once with --update-baseline`);
  }
  return names;
}

function save(file: string, names: readonly string[]): void {
  try {
    saveBaseline(file, names);
  } catch (error) {
    throw new CommandError(`the baseline ${file} could not be written: ${lineOf(error)}`);
  }
}
