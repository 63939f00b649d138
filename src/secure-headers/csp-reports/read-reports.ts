import type { BrowserReport } from "../../core/decision/browser-report.js";
import { isExtensionUrl, strippedUrl } from "./report-url.js";

/** What a body holds. */
export interface ReadReports {
  readonly reports: readonly BrowserReport[];
  /** About extensions of the browser, or no reports at all. */
  readonly ignored: number;
  /** Beyond the limit: they were not looked at. */
  readonly beyond: number;
}

type Members = Readonly<Record<string, unknown>>;

const TYPE = /^[a-z][a-z0-9]*(?:-[a-z0-9]+){0,5}$/;
/** Directives, features and ids: `script-src-elem`, `geolocation`, `PrefixedStorageInfo`, `dns.name_not_resolved`. */
const RULE = /^[A-Za-z][\w.-]{0,63}$/;
const MAX_SAMPLE = 40;
const MAX_TYPE = 40;

/** Where each kind of report says what was broken: the first member that is there counts. */
const RULES = [
  "effectiveDirective",
  "effective-directive",
  "violatedDirective",
  "violated-directive",
  "policyId",
  "featureId",
  "id",
  "effectivePolicy",
  "reason",
  "type",
];
const BLOCKED = ["blockedURL", "blocked-uri", "nextResponseURL", "previousResponseURL"];
const SOURCE = ["sourceFile", "source-file"];

/**
 * Reads the reports of a body, in the form of the Reporting API (a list) or in that of `report-uri` (one object with
 * `csp-report`). Whatever is no report is ignored; nothing is kept that was not checked.
 *
 * @see https://www.w3.org/TR/reporting-1/#serialize-reports
 * @see https://www.w3.org/TR/CSP3/#deprecated-serialize-violation
 */
export function readReports(body: unknown, maxReports: number): ReadReports {
  const list = Array.isArray(body) ? body : [body];
  const length = Math.min(list.length, maxReports);
  const reports: BrowserReport[] = [];
  for (let index = 0; index < length; index += 1) {
    const report = readReport(list[index]);
    if (report !== undefined) reports.push(report);
  }
  return { reports, ignored: length - reports.length, beyond: list.length - length };
}

function readReport(value: unknown): BrowserReport | undefined {
  const outer = members(value);
  if (outer === undefined) return undefined;
  const legacy = members(own(outer, "csp-report"));
  if (legacy !== undefined) return toReport("csp-violation", own(legacy, "document-uri"), legacy);
  const type = own(outer, "type");
  const body = members(own(outer, "body"));
  if (typeof type !== "string" || type.length > MAX_TYPE || !TYPE.test(type)) return undefined;
  return toReport(type, own(outer, "url"), body ?? {});
}

function toReport(type: string, url: unknown, body: Members): BrowserReport | undefined {
  const document = own(body, "documentURL") ?? url;
  const blocked = first(body, BLOCKED);
  const source = first(body, SOURCE);
  if ([document, blocked, source].some(isExtensionUrl)) return undefined;
  const line = own(body, "lineNumber") ?? own(body, "line-number");
  const column = own(body, "columnNumber") ?? own(body, "column-number");
  const report: { [Name in keyof BrowserReport]: BrowserReport[Name] | undefined } = {
    type,
    document: strippedUrl(document),
    rule: ruleOf(body),
    blocked: strippedUrl(blocked),
    source: strippedUrl(source),
    line: position(line),
    column: position(column),
    disposition: dispositionOf(own(body, "disposition")),
    sample: sampleOf(own(body, "sample") ?? own(body, "script-sample")),
  };
  // A violation that names neither a page nor a directive is none that a browser sends.
  if (report.document === undefined && report.rule === undefined) return undefined;
  const known = Object.entries(report).filter(([, member]) => member !== undefined);
  return Object.freeze(Object.fromEntries(known)) as unknown as BrowserReport;
}

function ruleOf(body: Members): string | undefined {
  for (const name of RULES) {
    const value = own(body, name);
    if (typeof value !== "string") continue;
    // Old browsers send the whole directive, with its sources.
    const [word = ""] = value.slice(0, 100).split(" ", 1);
    if (RULE.test(word)) return word;
  }
  return undefined;
}

function dispositionOf(value: unknown): BrowserReport["disposition"] {
  if (value === "enforce") return "enforce";
  return value === "report" || value === "reporting" ? "report" : undefined;
}

/** Browsers cut it there; whoever forges a report does not. */
function sampleOf(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return value.slice(0, MAX_SAMPLE).replaceAll(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu, " ");
}

function position(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function first(body: Members, names: readonly string[]): unknown {
  for (const name of names) {
    const value = own(body, name);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function members(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null ? (value as Members) : undefined;
}

function own(body: Members, name: string): unknown {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return value === null ? undefined : value;
}
