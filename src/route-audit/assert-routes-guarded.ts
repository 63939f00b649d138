import type { Express } from "express";
import { OptionsError } from "../core/options/options-error.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { auditRoutes } from "./audit-routes.js";
import { refuseRequest } from "./discovery/check-app.js";
import { type Allowance, allows, readAllowances } from "./exceptions/allowances.js";
import { beyondKnown, type KnownNames, readBaseline, saveBaseline } from "./exceptions/baseline.js";
import { entriesOf, isOpen, type LabelledEntry, routeLabel } from "./report/labels.js";
import type { ProbeReport } from "./report/probe-report.js";
import type { RouteReport } from "./report/route-report.js";
import { UnguardedRoutesError } from "./unguarded-routes-error.js";

/** Options of {@link writeBaseline}. */
export interface WriteBaselineOptions {
  /**
   * What may be open, each with the reason: `{ "GET /health": "for the load balancer" }`. A name is a pattern of paths,
   * with or without a method, or a name as the error prints it: `use /files serveStatic`.
   */
  readonly allow?: Readonly<Record<string, string>> | undefined;
}

/** Options of {@link assertRoutesGuarded}. */
export interface AssertRoutesGuardedOptions extends WriteBaselineOptions {
  /**
   * Path of a file with routes that were open before, for apps that have too many of them to guard at once. It can only
   * become shorter: a route that is open and not in it fails, and so does a name in it that is guarded now.
   * {@link writeBaseline} writes it.
   */
  readonly baseline?: string;
  /** What {@link probeRoutes} found in the same app: a route that a request reached without credentials fails, too. */
  readonly probe?: ProbeReport;
}

/**
 * For a test: throws when a route of the app, or a handler that may answer without one, has no guard and nothing says that
 * it may be open. So does an entry of `allow` or of the baseline that covers nothing open, a pattern of a preset that
 * covers no route, and an app without routes.
 *
 * @returns The report.
 * @throws UnguardedRoutesError with all of these. OptionsError when an option is wrong.
 */
export function assertRoutesGuarded(
  app: Express,
  options: AssertRoutesGuardedOptions = {},
): RouteReport {
  refuseRequest("assertRoutesGuarded", app);
  const reader = readOptions<AssertRoutesGuardedOptions>(
    "assertRoutesGuarded",
    options,
    { allow: true, baseline: "neverUndefined", probe: "neverUndefined" },
    {
      except: "allow",
      ignore: "allow",
      publicRoutes: "allow",
      update: "must be left out: call writeBaseline(app, path) where the baseline is to be written",
    },
  );
  const allowances = readAllowances(reader);
  const baseline = readBaselineOption(reader);
  const probe = readProbe(reader);
  reader.finish();

  const report = auditRoutes(app);
  const entries = entriesOf(report);
  const open = entries.filter(isOpen);
  const isAllowed = (entry: LabelledEntry): boolean =>
    allowances.some((allowance) => allows(allowance, entry));
  const known: KnownNames = baseline ?? new Map();
  const problems = [
    ...(report.routes.length === 0 ? [NO_ROUTES] : []),
    ...beyondKnown(
      open.filter((entry) => !isAllowed(entry)),
      known,
    ).map(describe),
    ...problemsOfProbe(probe, entries, (entry) => isAllowed(entry) || known.has(entry.label)),
    ...allowances.flatMap((allowance) => idleAllowance(allowance, entries)),
    ...[...known].flatMap((named) => idleName(named, entries, isAllowed)),
    ...report.unused.map(
      ({ guard, pattern }) => `${pattern}: this pattern of ${guard} covers no route of the app`,
    ),
  ];
  if (problems.length > 0) {
    const isNew = open.some((entry) => problems.includes(describe(entry)));
    throw new UnguardedRoutesError(problems, isNew ? OPEN_ADVICE : undefined);
  }
  return report;
}

/**
 * Writes the file for the option `baseline` of {@link assertRoutesGuarded}: the routes that are open today and that
 * `allow` does not name. Where the file exists already, it only takes out what is guarded by now. To let it grow, delete
 * it first, so that the change shows in a review.
 *
 * Call it by hand or in a script, not in a test.
 *
 * @throws UnguardedRoutesError when the file would grow. OptionsError when an option is wrong.
 */
export function writeBaseline(
  app: Express,
  path: string,
  options: WriteBaselineOptions = {},
): void {
  refuseRequest("writeBaseline", app);
  const reader = readOptions<WriteBaselineOptions>("writeBaseline", options, { allow: true });
  const allowances = readAllowances(reader);
  reader.finish();
  const before = readBaseline(path);
  if (typeof before === "string") throw new OptionsError([`writeBaseline: the file ${before}`]);
  const open = entriesOf(auditRoutes(app))
    .filter(isOpen)
    .filter((entry) => !allowances.some((allowance) => allows(allowance, entry)));
  const added = before === undefined ? [] : beyondKnown(open, before);
  if (added.length > 0) throw new UnguardedRoutesError(added.map(describe));
  saveBaseline(
    path,
    open.map(({ label }) => label),
  );
}

const OPEN_ADVICE =
  "Put a guard in front of what is open, declare it in publicRoutes, or name it in allow with the reason.";
const NO_ROUTES =
  "the app has no routes: is it the one that serves, and are its routes mounted when this is called?";

function readBaselineOption(reader: OptionsReader<"baseline">): KnownNames | undefined {
  const path = reader.string("baseline");
  if (path === undefined) return undefined;
  const names = readBaseline(path);
  if (names === undefined) {
    reader.note(
      "baseline",
      "must be a file that exists: write it once with writeBaseline(app, path)",
    );
  } else if (typeof names === "string")
    reader.note("baseline", `must be a baseline: the file ${names}`);
  else return names;
  return undefined;
}

function readProbe(reader: OptionsReader<"probe">): ProbeReport | undefined {
  const given = reader.raw("probe");
  if (given === undefined) return undefined;
  const { routes } = Object(given) as { readonly routes?: unknown };
  if (!Array.isArray(routes)) {
    const isPromise = typeof Object(given).then === "function";
    const fix = isPromise ? "await it" : "";
    reader.problem("probe", "what probeRoutes(app) resolves to", fix);
    return undefined;
  }
  return given as ProbeReport;
}

function describe({ label, status, reason }: LabelledEntry): string {
  if (status === "unresolved")
    return `${label} is not resolved: ${reason ?? "nobody knows what guards it"}`;
  return `${label} is open`;
}

/** Only what the audit holds to be guarded: the rest is a problem already, or meant. */
function problemsOfProbe(
  probe: ProbeReport | undefined,
  entries: readonly LabelledEntry[],
  isKnown: (entry: LabelledEntry) => boolean,
): readonly string[] {
  const guarded = new Map(
    entries
      .filter((entry) => entry.status === "guarded" && !isKnown(entry))
      .map((entry) => [entry.label, entry]),
  );
  return (probe?.routes ?? []).flatMap((route) => {
    const [answer] = route.answers;
    const isBad = route.outcome === "reached" || route.outcome === "answered";
    if (!isBad || answer === undefined || !guarded.has(routeLabel(route))) return [];
    const how =
      route.outcome === "reached"
        ? "came to its handler"
        : `was answered with ${answer.status} in front of its guard`;
    return [
      `${routeLabel(route)} is open: ${answer.method} ${answer.url} without credentials ${how}`,
    ];
  });
}

function idleAllowance(allowance: Allowance, entries: readonly LabelledEntry[]): readonly string[] {
  const covered = entries.filter((entry) => allows(allowance, entry));
  if (covered.some((entry) => entry.status !== "guarded")) return [];
  const why = covered.length > 0 ? "is guarded now" : "is no route of the app";
  return [`allow: ${allowance.text} ${why}: take it out`];
}

function idleName(
  [name, count]: readonly [name: string, count: number],
  entries: readonly LabelledEntry[],
  isAllowed: (entry: LabelledEntry) => boolean,
): readonly string[] {
  const named = entries.filter(({ label }) => label === name);
  const open = named.filter((entry) => isOpen(entry) && !isAllowed(entry)).length;
  if (open >= count) return [];
  const why =
    named.length === 0
      ? "is no route of the app any more"
      : open > 0
        ? `is named ${count} times, and open ${open === 1 ? "once" : `${open} times`}`
        : named.some(isOpen)
          ? "is named by allow as well"
          : "is not open any more";
  return [`baseline: ${name} ${why}: take it out, by hand or with writeBaseline(app, path)`];
}
