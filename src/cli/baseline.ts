import { readBaseline, saveBaseline } from "../route-audit/exceptions/baseline.js";
import type { RouteFinding } from "../route-audit/findings/finding.js";
import { entriesOf, isOpen } from "../route-audit/report/labels.js";
import type { RouteReport } from "../route-audit/report/route-report.js";
import { CommandError, lineOf } from "./command-error.js";

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
  const open = new Set(
    entriesOf(report)
      .filter(isOpen)
      .map(({ label }) => label),
  );
  const before = readNames(file, update);
  const known = before ?? open;
  const stale = [...known].filter((name) => !open.has(name));
  if (update)
    save(
      file,
      [...known].filter((name) => open.has(name)),
    );
  return [
    ...findings.map((one) =>
      one.level === "error" && one.label !== undefined && known.has(one.label)
        ? { ...one, accepted: true }
        : one,
    ),
    ...(update ? [] : stale).map(
      (name): RouteFinding => ({
        rule: "baseline-outdated",
        level: "error",
        message: `The baseline names ${name}, which is not open any more: take it out with --update-baseline.`,
      }),
    ),
  ];
}

function readNames(file: string, update: boolean): ReadonlySet<string> | undefined {
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
