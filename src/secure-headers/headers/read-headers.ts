import type { Mode } from "../../core/guard/guard-options.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { withoutTextsOf } from "../../core/options/value.js";
import { CSP_DIRECTIVES } from "../csp/csp-directives.js";
import { type CspSettings, readCspOptions } from "../csp/csp-options.js";
import { NONCE_SOURCE } from "../csp/nonce.js";
import {
  reportEndpoints,
  withNonce,
  withNonceWhereGoverned,
  withReports,
} from "../csp/policy-text.js";
import { readPermissionsPolicy } from "../policies/permissions-policy.js";
import {
  type ReportingSettings,
  readReporting,
  reportingEndpoints,
} from "../policies/reporting.js";
import { readRemoved } from "../removed/removed-fields.js";
import {
  type HeaderCondition,
  type HeaderPlan,
  type PlannedHeader,
  plannedHeader,
} from "./header-plan.js";
import { reportOnlyPolicy } from "./helmet-headers.js";
import { type HeaderSettings, readHelmetOptions } from "./helmet-options.js";
import type { CacheControl, Preset } from "./presets.js";
import { planReport } from "./report-plan.js";

/** The options that decide about headers. */
export type HeaderOption =
  | "cacheControl"
  | "csp"
  | "helmet"
  | "hsts"
  | "overwrite"
  | "permissionsPolicy"
  | "remove"
  | "reporting";

/** What was read, and where what is wrong with it is noted. */
interface Parts {
  readonly reader: OptionsReader<HeaderOption>;
  readonly settings: HeaderSettings;
  readonly csp: CspSettings;
  readonly reporting: ReportingSettings;
}

const CSP = "Content-Security-Policy";
const CSP_REPORT_ONLY = "Content-Security-Policy-Report-Only";
const HSTS = "Strict-Transport-Security";
/** The headers that name an endpoint as a parameter, and the option that does. */
const REPORTING_HEADERS: ReadonlyMap<
  string,
  "crossOriginOpenerPolicy" | "crossOriginEmbedderPolicy"
> = new Map([
  ["Cross-Origin-Opener-Policy", "crossOriginOpenerPolicy"],
  ["Cross-Origin-Embedder-Policy", "crossOriginEmbedderPolicy"],
]);

/** Reads all options about headers over the preset, and plans the headers. Problems are noted. */
export function readHeaders(
  reader: OptionsReader<HeaderOption>,
  preset: Preset,
  mode: Mode,
): HeaderPlan {
  const settings = readHelmetOptions(reader, preset);
  const parts: Parts = {
    reader,
    settings,
    csp: readCspOptions(reader),
    reporting: readReporting(reader),
  };
  const headers = [...settings.set].flatMap(([name, value]) => planned(parts, name, value));
  checkPolicies(parts, headers);
  const second = secondPolicy(parts);
  if (second !== undefined) headers.push(second);
  const features = readPermissionsPolicy(reader, preset.deniedFeatures);
  if (features !== undefined) {
    const from = reader.has("permissionsPolicy") ? "permissionsPolicy" : "preset";
    headers.push(
      plannedHeader({ name: "Permissions-Policy", value: features, when: "always", from }),
    );
  }
  const endpoints = reportingEndpoints(parts.reporting);
  if (endpoints !== undefined)
    headers.push(
      plannedHeader({
        name: "Reporting-Endpoints",
        value: endpoints,
        when: "always",
        from: "reporting",
      }),
    );
  checkEndpoints(parts, headers);
  headers.push(...cacheHeaders(reader, preset, parts.csp.nonce.length > 0));
  const plan: HeaderPlan = Object.freeze({
    headers: Object.freeze(headers),
    removed: Object.freeze([...settings.removed, ...readRemoved(reader)]),
    overwrites: reader.boolean("overwrite", { default: true }),
    needsTls: headers.some(({ name, when }) => name === HSTS && when === "overTls"),
    nosniff: settings.set.has("X-Content-Type-Options"),
  });
  return mode === "enforce" ? plan : planReport(plan, settings.trialMaxAge, parts.reporting);
}

function planned(parts: Parts, name: string, value: string): readonly PlannedHeader[] {
  const { settings, reporting } = parts;
  const from = settings.sources.get(name) ?? "preset";
  const header = (text: string, when: HeaderCondition): PlannedHeader =>
    plannedHeader({ name, value: text, when, from, nonce: text.includes(NONCE_SOURCE) });
  if (name === HSTS) return [header(value, conditionOfHsts(settings))];
  if (name === CSP || name === CSP_REPORT_ONLY) {
    const text = completePolicy(parts, value);
    if (settings.directiveOverTls === undefined) return [header(text, "always")];
    return [header(text, "notOverTls"), header(`${text};${settings.directiveOverTls}`, "overTls")];
  }
  const option = REPORTING_HEADERS.get(name);
  const endpoint = option === undefined ? undefined : reporting[option];
  return [header(endpoint === undefined ? value : `${value}; report-to="${endpoint}"`, "always")];
}

/** The policy with nonces and the endpoint for reports. */
function completePolicy({ reader, csp, reporting }: Parts, policy: string): string {
  const text =
    csp.nonce.length === 0
      ? policy
      : withNonce(policy, csp.nonce, (fault) =>
          reader.problems.note(`${reader.path}.csp.nonce`, fault),
        );
  return reported(reporting, text);
}

function secondPolicy({ reader, csp, reporting, settings }: Parts): PlannedHeader | undefined {
  if (csp.reportOnly === undefined) return undefined;
  const path = `${reader.path}.csp.reportOnly`;
  const note = (fault: string): void => reader.problems.note(path, fault);
  if (settings.set.has(CSP_REPORT_ONLY))
    note(
      "must be left out where helmet.contentSecurityPolicy.reportOnly is true: there is one such header",
    );
  try {
    const policy = reportOnlyPolicy(csp.reportOnly);
    const text = withNonceWhereGoverned(policy, csp.nonce, note);
    const value = reported(reporting, text);
    const nonce = text.includes(NONCE_SOURCE);
    return plannedHeader({
      name: CSP_REPORT_ONLY,
      value,
      when: "always",
      from: "csp.reportOnly",
      nonce,
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : "it failed";
    note(
      `must be what helmet accepts: ${withoutTextsOf(csp.reportOnly, words, new Set(CSP_DIRECTIVES))}`,
    );
    return undefined;
  }
}

function reported(
  { contentSecurityPolicy: name, endpoints }: ReportingSettings,
  text: string,
): string {
  const url = name === undefined ? undefined : endpoints.get(name);
  return name === undefined || url === undefined ? text : withReports(text, { name, url });
}

/** Notes options that have no effect, because the header that they change is off. */
function checkPolicies(
  { reader, settings, csp, reporting }: Parts,
  headers: readonly PlannedHeader[],
): void {
  const hasPolicy = settings.set.has(CSP) || settings.set.has(CSP_REPORT_ONLY);
  if (csp.nonce.length > 0 && !hasPolicy)
    reader.problems.note(
      `${reader.path}.csp.nonce`,
      "must be left out when helmet.contentSecurityPolicy is false: there is no policy to put it into",
    );
  if (reporting.contentSecurityPolicy !== undefined && !hasPolicy && csp.reportOnly === undefined)
    reader.problems.note(
      `${reader.path}.reporting.contentSecurityPolicy`,
      "must be left out when the header is off",
    );
  for (const [name, option] of REPORTING_HEADERS) {
    if (reporting[option] !== undefined && !headers.some((header) => header.name === name))
      reader.problems.note(
        `${reader.path}.reporting.${option}`,
        `must be left out when ${name} is off: write helmet: { ${option}: true }`,
      );
  }
}

/** Notes `report-to` of a policy without an endpoint of that name: browsers would report nothing. */
function checkEndpoints({ reader, reporting }: Parts, headers: readonly PlannedHeader[]): void {
  for (const { name, value, from } of headers) {
    if (name !== CSP && name !== CSP_REPORT_ONLY) continue;
    if (reportEndpoints(value).every((endpoint) => reporting.endpoints.has(endpoint))) continue;
    const path = from === "preset" ? "helmet" : from;
    reader.problems.note(
      `${reader.path}.${path}`,
      'must not have report-to without an endpoint of that name: write reporting: { endpoints: { <name>: "/csp-reports" } }',
    );
    return;
  }
}

function cacheHeaders(
  reader: OptionsReader<"cacheControl">,
  preset: Preset,
  hasNonce: boolean,
): readonly PlannedHeader[] {
  const name = "Cache-Control";
  const given = reader.has("cacheControl");
  const from = given ? "cacheControl" : "preset";
  const value = readCacheControl(reader, preset);
  const headers: PlannedHeader[] = [];
  if (value === "no-store") headers.push(plannedHeader({ name, value, when: "always", from }));
  if (value === "authenticated")
    headers.push(plannedHeader({ name, value: "no-store", when: "authenticated", from }));
  if (hasNonce && value !== "no-store" && !(given && value === false))
    headers.push(plannedHeader({ name, value: "private", when: "unlessSet", from: "csp.nonce" }));
  return headers;
}

function readCacheControl(reader: OptionsReader<"cacheControl">, preset: Preset): CacheControl {
  const value = reader.raw("cacheControl");
  if (value === undefined) return preset.cacheControl;
  if (value === "no-store" || value === "authenticated" || value === false) return value;
  const fix = value === true ? "" : "leave it out, a handler that sets Cache-Control replaces it";
  reader.problem("cacheControl", '"no-store", "authenticated" or false', fix);
  return preset.cacheControl;
}

function conditionOfHsts({ hstsPlaces }: HeaderSettings): HeaderCondition {
  if (hstsPlaces === "everywhere") return "always";
  return hstsPlaces === "always" ? "publicName" : "overTls";
}
