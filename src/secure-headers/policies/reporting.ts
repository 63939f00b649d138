import { sfString } from "../../core/http/header-values.js";
import { isLoopback } from "../../core/http/origins/loopback.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue, isHarmless, isPlainObject, textFault } from "../../core/options/value.js";

/** Where browsers report to what they stop or would stop. */
export interface ReportingOptions {
  /**
   * Endpoints by name, for `Reporting-Endpoints`. A path such as `"/reports"` or an `https:` URL. Names are lower case. To the one
   * that is called `default` browsers also report what belongs to no policy, such as deprecated features.
   * @see https://www.w3.org/TR/reporting-1/#header
   */
  readonly endpoints: Readonly<Record<string, string>>;
  /**
   * The endpoint for the content policies: `report-to`, and `report-uri` for browsers that do not know it, unless the directives
   * say so themselves.
   */
  readonly contentSecurityPolicy?: string | undefined;
  /**
   * The endpoint for `Cross-Origin-Opener-Policy`, which then must be on. In report mode that header is sent as
   * `Cross-Origin-Opener-Policy-Report-Only`.
   * @see https://html.spec.whatwg.org/multipage/browsers.html#the-headers
   */
  readonly crossOriginOpenerPolicy?: string | undefined;
  /** The same for `Cross-Origin-Embedder-Policy`. */
  readonly crossOriginEmbedderPolicy?: string | undefined;
}

/** {@link ReportingOptions}, read. */
export interface ReportingSettings {
  /** URLs by name. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** The endpoints of single headers; an unknown one is noted already. */
  readonly contentSecurityPolicy: string | undefined;
  readonly crossOriginOpenerPolicy: string | undefined;
  readonly crossOriginEmbedderPolicy: string | undefined;
}

type Header = Exclude<keyof ReportingOptions, "endpoints">;

const KEYS: OptionKeys<ReportingOptions> = {
  endpoints: "neverUndefined",
  contentSecurityPolicy: true,
  crossOriginOpenerPolicy: true,
  crossOriginEmbedderPolicy: true,
};
const EXAMPLE = '{ endpoints: { csp: "/csp-reports" }, contentSecurityPolicy: "csp" }';
/** A key of a Dictionary (RFC 9651 §3.2). */
const NAME = /^[a-z*][a-z0-9_.*-]{0,63}$/;
/** No character that would end the value in a header. */
const PATH = /^\/(?!\/)[\w./~%?=&:@!$'()*+-]*$/;
const NOTHING: ReportingSettings = {
  endpoints: new Map(),
  contentSecurityPolicy: undefined,
  crossOriginOpenerPolicy: undefined,
  crossOriginEmbedderPolicy: undefined,
};

/** What the header before was called, and what its members are. */
export const REPORTING_HINTS: Hints<ReportingOptions> = {
  csp: "contentSecurityPolicy",
  coop: "crossOriginOpenerPolicy",
  coep: "crossOriginEmbedderPolicy",
  url: "write endpoints: { csp: url }",
  endpoint: "write endpoints: { csp: url }",
  group: "write endpoints: { <group>: url }",
};

/** Reads `reporting`. Problems are noted. */
export function readReporting(reader: OptionsReader<"reporting">): ReportingSettings {
  const own = reader.object<ReportingOptions>("reporting", KEYS, REPORTING_HINTS, EXAMPLE);
  if (own === undefined) return NOTHING;
  const endpoints = readEndpoints(own);
  const named = (header: Header): string | undefined => {
    const name = own.string(header);
    if (name === undefined || endpoints.has(name)) return name;
    own.problem(header, "the name of one of the endpoints");
    return undefined;
  };
  return {
    endpoints,
    contentSecurityPolicy: named("contentSecurityPolicy"),
    crossOriginOpenerPolicy: named("crossOriginOpenerPolicy"),
    crossOriginEmbedderPolicy: named("crossOriginEmbedderPolicy"),
  };
}

/** The value of `Reporting-Endpoints`; `undefined` where there are none. */
export function reportingEndpoints({ endpoints }: ReportingSettings): string | undefined {
  if (endpoints.size === 0) return undefined;
  return [...endpoints].map(([name, url]) => `${name}=${sfString(url)}`).join(", ");
}

function readEndpoints(own: OptionsReader<"endpoints">): ReadonlyMap<string, string> {
  const endpoints = new Map<string, string>();
  const given = own.raw("endpoints");
  if (!isPlainObject(given) || Object.keys(given).length === 0) {
    own.problem("endpoints", "an object with the URL of each endpoint", `write ${EXAMPLE}`);
    return endpoints;
  }
  for (const name of Object.keys(given)) {
    const url = given[name];
    const fault = urlFault(url);
    if (!NAME.test(name))
      own.note(
        "endpoints",
        `must have names of lower-case letters, digits, _, -, . and *, with a letter first, got one of ${name.length} characters`,
      );
    else if (fault !== undefined)
      own.problems.note(
        `${own.path}.endpoints[${isHarmless(name) ? JSON.stringify(name) : `name of ${name.length} characters`}]`,
        fault,
      );
    // Also where it is wrong: what names it is right.
    endpoints.set(name, typeof url === "string" && fault === undefined ? url : "/");
  }
  return endpoints;
}

/** Browsers report to trustworthy URLs only (Reporting API §3.3). */
function urlFault(value: unknown): string | undefined {
  const must = 'must be a path such as "/csp-reports" or an https URL';
  if (typeof value !== "string" || value === "") return `${must}, got ${describeValue(value)}`;
  const fault = textFault(value);
  if (fault !== undefined) return `${must}: ${fault}`;
  if (PATH.test(value)) return undefined;
  if (!URL.canParse(value)) return must;
  const { protocol, hostname, username, password, href, hash } = new URL(value);
  if (username !== "" || password !== "")
    return `${must}, without a user name: every visitor reads it`;
  if (hash !== "") return `${must}, without a fragment`;
  if (/[,;"\\\s]/.test(value) || href.replace(/\/$/, "") !== value.replace(/\/$/, ""))
    return `${must}, as browsers write it: with special characters in percent-encoding`;
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return undefined;
  return protocol === "http:" ? `${must}: browsers report to no other` : must;
}
