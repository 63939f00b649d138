import type { GuardDescription } from "../../core/guard/guard-mark.js";
import { htmlDocument } from "../../core/markup/html-document.js";
import { decidingGuards } from "../facts/guard-words.js";
import type { RouteFinding } from "../findings/finding.js";
import type { AuditedRoute, OpaqueHandler, RouteStatus } from "../report/route-report.js";
import { escapeMarkup } from "./escape.js";
import { type Format, sortedRoutes, summaryOf } from "./format-options.js";
import { SCRIPT, STYLE } from "./html-page.js";

const STATUSES: readonly RouteStatus[] = ["open", "unresolved", "public", "guarded"];

/**
 * One page that needs nothing else: routes against guards, open routes first, with a box to filter. Its own policy
 * allows its style and its script and nothing besides, so that no path or rule can bring in another. Without a script
 * it shows all routes.
 */
export const formatHtml: Format = (report, { findings, title, version }) => {
  const routes = sortedRoutes(report);
  const columns = [...new Set(routes.flatMap(decidingGuards).map(({ guard }) => guard))];
  const name = escapeMarkup(
    [title ?? "API", version].filter((part) => part !== undefined).join(" "),
  );
  return htmlDocument({
    title: `Routes of ${name}`,
    style: STYLE,
    script: SCRIPT,
    body: `<h1>Routes of ${name}</h1>
<p>${summaryOf(report)}</p>
<form id="filter" role="search" hidden>
<label>Filter <input id="search" type="search" autocomplete="off" aria-keyshortcuts="/"></label>
${STATUSES.map(checkboxOf).join("\n")}
<output id="count" for="search"></output>
</form>
<div class="scroll" role="region" aria-labelledby="routes" tabindex="0">
<table>
<caption id="routes">Routes and what guards them</caption>
<thead>
<tr>${["Status", "Method", "Path", ...columns].map(headOf).join("")}</tr>
</thead>
<tbody>
${routes.map((route) => rowOf(route, columns)).join("\n")}
</tbody>
</table>
</div>
${report.handlers.length === 0 ? "" : handlersOf(report.handlers)}${findings.length === 0 ? "" : findingsOf(findings)}`,
  });
};

function checkboxOf(status: RouteStatus): string {
  return `<label><input type="checkbox" name="status" value="${status}" checked> ${status}</label>`;
}

function headOf(text: string): string {
  return `<th scope="col">${escapeMarkup(text)}</th>`;
}

function rowOf(route: AuditedRoute, columns: readonly string[]): string {
  const { status, method, path, reason } = route;
  const guards = decidingGuards(route);
  const alarm = status === "open" || status === "unresolved" ? ' class="alarm"' : "";
  const why = reason === undefined ? "" : `<br><span class="note">${escapeMarkup(reason)}</span>`;
  const cells = [
    `<td><span class="status ${status}">${status}</span></td>`,
    `<td>${escapeMarkup(method)}</td>`,
    `<th scope="row"><code>${escapeMarkup(path)}</code>${why}</th>`,
    ...columns.map((column) => {
      const here = guards.filter(({ guard }) => guard === column).map(cellOf);
      return `<td>${here.join("<br>")}</td>`;
    }),
  ];
  return `<tr data-status="${status}"${alarm}>${cells.join("")}</tr>`;
}

function cellOf({ rule, optional, mode }: GuardDescription): string {
  const notes = [optional === true ? "optional" : "", mode === "report" ? "report only" : ""];
  const note = notes.filter((one) => one !== "").join(", ");
  const mark = rule === undefined ? "yes" : `<code>${escapeMarkup(rule)}</code>`;
  return note === "" ? mark : `${mark} <span class="note">(${note})</span>`;
}

function handlersOf(handlers: readonly OpaqueHandler[]): string {
  const items = handlers.map(({ name, paths, status }) => {
    const at = paths.map((path) => `<code>${escapeMarkup(path)}</code>`).join(", ");
    return `<li><span class="status ${status}">${status}</span> ${escapeMarkup(name)} at ${at}</li>`;
  });
  return `<h2>Handlers that may answer by themselves</h2>\n<ul>\n${items.join("\n")}\n</ul>\n`;
}

function findingsOf(findings: readonly RouteFinding[]): string {
  const items = findings.map(({ rule, level, message, accepted }) => {
    const word = accepted === true ? "known" : level;
    const color = word === "error" ? "open" : word === "warning" ? "public" : "note";
    return `<li><span class="status ${color}">${word}</span> ${rule}: ${escapeMarkup(message)}</li>`;
  });
  return `<h2>Findings</h2>\n<ul>\n${items.join("\n")}\n</ul>\n`;
}
