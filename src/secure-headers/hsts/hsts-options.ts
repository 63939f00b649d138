import type { OptionKeys, Range } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";

/** Options of the `Strict-Transport-Security` header. */
export interface HstsOptions {
  /** How long browsers refuse plain HTTP; `"0s"` cancels an earlier header. A duration in whole seconds. @default "730d" */
  readonly maxAge?: string | undefined;
  /** Whether it is valid for all subdomains, including those of other servers. @default true */
  readonly includeSubDomains?: boolean | undefined;
  /**
   * Agrees to be added to the built-in list of browsers, which takes months to leave. Needs `includeSubDomains` and a
   * `maxAge` of at least a year. @default false
   */
  readonly preload?: boolean | undefined;
  /**
   * Sends the header over plain HTTP as well, for a load balancer that ends TLS and sends no `X-Forwarded-Proto`. RFC 6797
   * §7.2 forbids it where the browser itself speaks plain HTTP; browsers ignore it there (§8.1). Never to `localhost` or
   * an IP address. @default false
   */
  readonly always?: boolean | undefined;
  /**
   * Sends the header in report mode as well, for this time, without `includeSubDomains` and `preload`: whoever cannot use
   * TLS is locked out for so long only. A duration in whole seconds, `"1s"` to `"1d"`, not longer than `maxAge`. Not used when enforcing. @default none
   */
  readonly maxAgeInReportMode?: string | undefined;
}

/** `hsts`, read. */
export interface HstsSettings {
  /** The options of the header in helmet's terms, or `false` for none. */
  readonly header: Readonly<Record<string, unknown>> | false;
  readonly places: HstsPlaces;
  /** Seconds in report mode; `undefined` for none. */
  readonly trialMaxAge: number | undefined;
}

/** `"overTls"` and `"always"`: never to `localhost` or an IP address. `"everywhere"`: on every answer, as helmet has it. */
export type HstsPlaces = "overTls" | "always" | "everywhere";

const HSTS_KEYS: OptionKeys<HstsOptions> = {
  maxAge: true,
  includeSubDomains: true,
  preload: true,
  always: true,
  maxAgeInReportMode: true,
};
const ONE_YEAR_SECONDS = 31_536_000;

/**
 * Reads `hsts`, which is given.
 *
 * @param pinsTwice - Whether helmet's options have it as well.
 */
export function readHsts(reader: OptionsReader<"hsts">, pinsTwice: boolean): HstsSettings {
  if (pinsTwice) {
    reader.note(
      "hsts",
      "must be left out when helmet.strictTransportSecurity is given: they are the same",
    );
  }
  const value = reader.raw("hsts");
  if (!isPlainObject(value)) {
    const fix = value === true ? "leave it out, the header is sent by default" : "";
    if (value !== false) reader.problem("hsts", "false or an options object", fix);
    return { header: false, places: "overTls", trialMaxAge: undefined };
  }
  const options = reader.nested<HstsOptions>("hsts", value, HSTS_KEYS);
  const header = {
    maxAge: readSeconds(options, "maxAge", { min: "0s", default: "730d", step: "1s" }),
    includeSubDomains: options.boolean("includeSubDomains", { default: true }),
    preload: options.boolean("preload"),
  };
  const trial = { min: "1s", max: "1d", step: "1s" };
  const trialMaxAge = options.has("maxAgeInReportMode")
    ? readSeconds(options, "maxAgeInReportMode", trial)
    : undefined;
  // Report mode would lock out whom enforcing does not.
  if (trialMaxAge !== undefined && trialMaxAge > header.maxAge)
    options.note("maxAgeInReportMode", "must not be longer than maxAge");
  return {
    header,
    places: options.boolean("always") ? "always" : "overTls",
    trialMaxAge,
  };
}

/** The header counts in seconds: a fraction of one would become less, and less than one would cancel the header. */
function readSeconds<Key extends "maxAge" | "maxAgeInReportMode">(
  options: OptionsReader<Key>,
  key: Key,
  range: Range<string>,
): number {
  const milliseconds = options.duration(key, range);
  if (milliseconds % 1000 !== 0)
    options.note(key, `must be in whole seconds, such as "${key === "maxAge" ? "730d" : "5m"}"`);
  return Math.floor(milliseconds / 1000);
}

/**
 * Notes a header that asks for preloading and is not good enough for it.
 *
 * @see https://hstspreload.org/#submission-requirements
 */
export function checkPreload(reader: OptionsReader<"hsts">, header: string | undefined): void {
  if (header === undefined || !header.includes("preload")) return;
  const maxAge = Number(/max-age=(\d+)/.exec(header)?.[1]);
  if (maxAge < ONE_YEAR_SECONDS || !header.includes("includeSubDomains")) {
    reader.note(
      "hsts",
      'must have includeSubDomains and a maxAge of at least "365d" when preload is true',
    );
  }
}
