import type { RouteFinding } from "../findings/finding.js";
import { routeLabel } from "../report/labels.js";
import { escapeMarkup } from "./escape.js";
import { type Format, sortedRoutes } from "./format-options.js";

interface Case {
  readonly name: string;
  readonly findings: readonly RouteFinding[];
}

/** One test case for each route, and one for each finding that concerns no route of the app. */
export const formatJunit: Format = (report, { findings, title = "routes" }) => {
  const byRoute = new Map<string, RouteFinding[]>();
  for (const one of findings) {
    const name = `${one.method ?? ""} ${one.path ?? ""}`;
    byRoute.set(name, [...(byRoute.get(name) ?? []), one]);
  }
  const names = sortedRoutes(report).map(routeLabel);
  const cases = names.map((name): Case => ({ name, findings: byRoute.get(name) ?? [] }));
  const known = new Set(names);
  const others = [...byRoute].flatMap(([name, of]) => (known.has(name) ? [] : of));
  const all = [...cases, ...others.map((one): Case => ({ name: nameOf(one), findings: [one] }))];
  const failures = all.filter((one) => one.findings.some(fails)).length;
  const skipped = all.filter((one) => isKnown(one)).length;
  const counts = `tests="${all.length}" failures="${failures}" errors="0"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="${escapeMarkup(title)}" ${counts} skipped="${skipped}">
${all.map(caseOf).join("")}  </testsuite>
</testsuites>
`;
};

function caseOf(one: Case): string {
  const name = `    <testcase classname="routes" name="${escapeMarkup(one.name)}"`;
  const failures = one.findings.filter(fails);
  const rest = one.findings.filter((finding) => !fails(finding));
  const children = [
    ...failures.map(
      ({ rule, message }) =>
        `      <failure type="${rule}" message="${escapeMarkup(message)}"></failure>\n`,
    ),
    ...(isKnown(one) ? ['      <skipped message="Named in the baseline."></skipped>\n'] : []),
    ...(rest.length === 0
      ? []
      : [`      <system-out>${rest.map(lineOf).map(escapeMarkup).join("\n")}</system-out>\n`]),
  ];
  return children.length === 0
    ? `${name}></testcase>\n`
    : `${name}>\n${children.join("")}    </testcase>\n`;
}

function fails({ level, accepted }: RouteFinding): boolean {
  return level === "error" && accepted !== true;
}

function isKnown({ findings }: Case): boolean {
  return findings.some(({ accepted }) => accepted === true) && !findings.some(fails);
}

function nameOf({ rule, method, path, message }: RouteFinding): string {
  const route = [method, path].filter((part) => part !== undefined).join(" ");
  return `${rule}: ${route === "" ? message : route}`;
}

function lineOf({ rule, level, message }: RouteFinding): string {
  return `${level} ${rule}: ${message}`;
}
