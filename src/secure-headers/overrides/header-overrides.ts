import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { CspOptions } from "../csp/csp-options.js";
import { HELMET_NAMES, type HelmetOverrides } from "../headers/helmet-options.js";
import type { CacheControl } from "../headers/presets.js";
import type { FeatureAllowlists } from "../policies/permissions-policy.js";
import type { ReportingOptions } from "../policies/reporting.js";

/**
 * What pages of a well-known kind need.
 *
 * - `"web"`: the headers of the preset web, for pages whose scripts and styles are files of the own origin. Who may frame them stays.
 * - `"swagger-ui"`: scripts, styles, images and requests of the own origin, images as `data:`, and inline *styles*, which
 *   Swagger UI writes itself. No inline scripts and no `eval`.
 */
export type PageProfile = "web" | "swagger-ui";

/** What is different on some paths. All that is left out stays as it is elsewhere. */
export interface HeaderOverrides {
  /** What pages of a well-known kind need; the other members change that. @default none */
  readonly profile?: PageProfile | undefined;
  /**
   * helmet's own options. An object changes the members that it names, and CSP directives change those that are there: so
   * `frame-ancestors` stays unless it is named.
   */
  readonly helmet?: HelmetOverrides | undefined;
  /** Nonces for the content policy, and a second policy that only reports. */
  readonly csp?: CspOptions | undefined;
  /** `Cache-Control`, as in the options of `secureHeaders`. */
  readonly cacheControl?: CacheControl | undefined;
  /** `Permissions-Policy`; an object changes the features that it names. */
  readonly permissionsPolicy?: false | "deny-all" | FeatureAllowlists | undefined;
  /** Where browsers report to; an object changes the members that it names. */
  readonly reporting?: Partial<ReportingOptions> | undefined;
}

/** The headers of some paths: a profile, or what is different there. */
export type PageHeaders = PageProfile | HeaderOverrides;

/** All of {@link HeaderOverrides}. */
export const HEADER_OVERRIDE_KEYS: OptionKeys<HeaderOverrides> = {
  profile: "neverUndefined",
  helmet: true,
  csp: true,
  cacheControl: true,
  permissionsPolicy: "neverUndefined",
  reporting: true,
};

const WHOLE_HOST = "leave it out, it holds for the whole host, whatever the path";
const ONE_DECISION =
  "leave it out, headers alone can be different: what is refused is decided by secureHeaders itself";

/** helmet's own names, and options of `secureHeaders` that cannot be different. */
export const HEADER_OVERRIDE_HINTS: Hints<HeaderOverrides> = {
  ...Object.fromEntries(HELMET_NAMES.map((name) => [name, `helmet.${name}` as const])),
  hsts: WHOLE_HOST,
  strictTransportSecurity: WHOLE_HOST,
  preset: 'write profile: "web" for pages',
  directives: "write helmet: { contentSecurityPolicy: { directives } }",
  nonce: "csp.nonce",
  cors: ONE_DECISION,
  crossOriginGuard: ONE_DECISION,
  mode: ONE_DECISION,
};
