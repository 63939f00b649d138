import { decidingGuards, guardInWords } from "../facts/guard-words.js";
import type { RouteFinding } from "../findings/finding.js";
import type { AuditedRoute, RouteStatus } from "../report/route-report.js";
import { visible } from "./escape.js";
import { type Format, sortedRoutes, summaryOf } from "./format-options.js";

const HEAD = ["STATUS", "METHOD", "PATH", "GUARDS"] as const;
type Row = readonly [status: string, method: string, path: string, guards: string];

/** Colours of the terminal's own palette: readable on light and on dark. */
const COLORS: Readonly<Record<RouteStatus, number>> = {
  open: 31,
  unresolved: 31,
  public: 33,
  guarded: 32,
};
/** Longer paths do not push the guards of all other routes away. */
const MAX_PATH = 60;

/** A table for terminals. Without colours it says as much: each status is a word. */
export const formatTable: Format = (report, { findings, color = false }) => {
  const routes = sortedRoutes(report);
  const rows = routes.map(rowOf);
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => Math.min(row[column]?.length ?? 0, MAX_PATH))),
  );
  const lines = [
    paint(lineOf(HEAD, widths), color, 1),
    ...rows.map((row, index) => {
      const line = lineOf(row, widths);
      const status = routes[index]?.status ?? "open";
      return paint(row[0], color, COLORS[status]) + line.slice(row[0].length);
    }),
  ];
  const handlers = report.handlers.map(({ name, paths, status, guards }) => {
    const words = guards.length === 0 ? "no guards" : "guarded";
    const shown = status === "guarded" || status === "public" ? status : words;
    return `  ${visible(name)} at ${visible(paths.join(", "))}: ${shown}`;
  });
  const sections = [
    rows.length === 0 ? "No routes." : lines.join("\n"),
    ...(handlers.length === 0
      ? []
      : [`Handlers that may answer by themselves:\n${handlers.join("\n")}`]),
    ...(findings.length === 0 ? [] : [findings.map((one) => findingLine(one, color)).join("\n")]),
    `${summaryOf(report)}.`,
  ];
  return `${sections.join("\n\n")}\n`;
};

function rowOf(route: AuditedRoute): Row {
  const guards = decidingGuards(route).map(guardInWords).join(", ");
  const { status, method, path, reason } = route;
  const words = [guards === "" ? "-" : guards, reason === undefined ? "" : `(${reason})`];
  return [status, visible(method), visible(path), visible(words.join(" ").trim())];
}

function lineOf(row: Row | typeof HEAD, widths: readonly number[]): string {
  return row
    .map((cell, column) => cell.padEnd(column === row.length - 1 ? 0 : (widths[column] ?? 0)))
    .join("  ")
    .trimEnd();
}

function findingLine({ rule, level, message, accepted }: RouteFinding, color: boolean): string {
  const word = accepted === true ? "known" : level;
  const code = accepted === true ? 2 : level === "error" ? 31 : 33;
  return `${paint(word, color, code)} ${rule}: ${visible(message)}`;
}

function paint(text: string, color: boolean, code: number): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}
