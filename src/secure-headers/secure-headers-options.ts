import { GUARD_OPTIONS, type GuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { CookieMode } from "./cookies/cookie-watcher.js";
import type { CorsOptions } from "./cors/cors-options.js";
import type { CrossOriginGuardOptions } from "./cross-origin/cross-origin-guard.js";
import type { CspOptions } from "./csp/csp-options.js";
import { HELMET_NAMES, type HelmetOverrides } from "./headers/helmet-options.js";
import type { CacheControl, PresetName } from "./headers/presets.js";
import type { HostsOptions } from "./hosts/hosts-options.js";
import type { HstsOptions } from "./hsts/hsts-options.js";
import type { HttpsOptions } from "./https/https-options.js";
import type { PageHeaders } from "./overrides/header-overrides.js";
import type { FeatureAllowlists } from "./policies/permissions-policy.js";
import type { ReportingOptions } from "./policies/reporting.js";

/** Options of `secureHeaders()`. */
export interface SecureHeadersOptions extends GuardOptions {
  /**
   * The set of headers that the other options change. `"api"` is for answers that are data, `"web"` for an app that sends
   * pages whose scripts and styles are files of its own origin, `"helmet"` is what helmet sets by itself. @default "api"
   */
  readonly preset?: PresetName | undefined;
  /**
   * helmet's own options, which change the preset. `false` turns a header off. `true` takes the value of the preset
   * or, if it has none, helmet's own. An object changes the members that it names. CSP directives change those of the
   * preset; with `useDefaults: true` they change helmet's own, with `false` there are no others. Directives must not
   * be functions: for nonces see `csp`.
   * @see https://helmet.js.org/
   */
  readonly helmet?: HelmetOverrides | undefined;
  /** Nonces for the content policy, and a second policy that only reports. */
  readonly csp?: CspOptions | undefined;
  /**
   * `Strict-Transport-Security`, or `false` for none. Sent only over TLS (`req.secure`) unless `always` is `true`, and
   * never to `localhost` or an IP address; left out with the preset helmet, on every answer. Where a proxy seems to end TLS and Express does not trust it, a warning says so.
   * @see https://www.rfc-editor.org/rfc/rfc6797#section-7.2
   */
  readonly hsts?: false | HstsOptions | undefined;
  /**
   * `Cache-Control: no-store` on answers whose handler does not set it; `"authenticated"` only if the request has a
   * `Cookie` or `Authorization`, or the answer sets a cookie; `false` for none. `express.static` keeps a value that is already set: mount it before
   * this middleware, or turn this off. @default "no-store" ("authenticated" with the preset web, false with helmet)
   */
  readonly cacheControl?: CacheControl | undefined;
  /**
   * `Permissions-Policy`: which features of the browser pages, and frames in them, may use. An object changes the features
   * that it names; `"deny-all"` turns all off that reach the device, the user's data or other sites; `false` sends none. A
   * feature that no browser is known to have is an error. Left out, the preset decides: `"web"` turns off what pages seldom need.
   * @see https://www.w3.org/TR/permissions-policy/
   */
  readonly permissionsPolicy?: false | "deny-all" | FeatureAllowlists | undefined;
  /**
   * Where browsers report to: `Reporting-Endpoints`, and the headers that name an endpoint. `report-to` in a content policy
   * must name one of them. Also sent in report mode.
   */
  readonly reporting?: ReportingOptions | undefined;
  /**
   * More header fields to take away from every answer, whoever sets them and however late, such as `Server` or
   * `X-AspNet-Version` of a server behind a proxy. Not those that clients need (`Set-Cookie`, `Content-Type`, `Location` …), nor
   * those that this middleware sets. Nothing is taken away in report mode. @default none
   */
  readonly remove?: string | readonly string[] | undefined;
  /**
   * `false` keeps what a middleware in front has set under the same name. Handlers behind replace what they like in either
   * case. @default true
   */
  readonly overwrite?: boolean | undefined;
  /**
   * Paths that have other headers: `{ "/docs/*": "swagger-ui", "/admin/*": { profile: "web", csp: { nonce: true } } }`, for an
   * API that also sends pages. Patterns have the form `[METHOD ]/literal/:name/*` and match only the exact spelling of a path; of
   * several the most specific one counts. What is left out stays, `frame-ancestors` as well. `"/*"` is an error: write
   * `preset: "web"`. @default none
   */
  readonly pages?: Readonly<Record<string, PageHeaders>> | undefined;
  /** CORS. No page of another origin can read an answer unless this is given. */
  readonly cors?: CorsOptions | undefined;
  /**
   * Refuses unsafe requests with a cookie, HTTP authentication or a client certificate if a page of another origin
   * sends them: 403 `cross_origin_blocked`. Origins of `cors` may send them if `credentials` is `true`. It does not
   * check GET and HEAD, or requests whose only credential is a bearer token, except on the paths of `always`. @default true with
   * `cors`, and in `secureApi({ authenticate })`, else false
   */
  readonly crossOriginGuard?: boolean | CrossOriginGuardOptions | undefined;
  /**
   * What is done about requests over plain HTTP, before anything reads them: redirected to `host` (308), or refused, 403
   * `https_required`. `req.secure` says what came over TLS, so behind a proxy `trust proxy` has to be set. @default false
   */
  readonly https?: false | HttpsOptions | undefined;
  /**
   * The hosts that requests may be for, against DNS rebinding: `"api.example.com"`, `"localhost:3000"`, `"localhost:*"`,
   * `"*.example.com"`. A request for another host is refused, 421 `misdirected_request`, one that names several, 400
   * `bad_request`. `Host` is looked at, and `X-Forwarded-Host` of a proxy that `trust proxy` names. Left out, every host is
   * accepted.
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.4
   */
  readonly hosts?: string | readonly string[] | HostsOptions | undefined;
  /**
   * What is done about `Set-Cookie` of a cookie that stands for a user, by its name (`connect.sid`, `session`,
   * `access_token`), without `HttpOnly`, `Secure` (over TLS) or `SameSite`. `"warn"` warns once for each name; `"enforce"`
   * adds what is missing, with `SameSite=Lax`. Cookies against CSRF, which scripts read, are left alone. @default "warn"
   */
  readonly cookies?: CookieMode | false | undefined;
}

/** All of {@link SecureHeadersOptions}. */
export const SECURE_HEADERS_KEYS: OptionKeys<SecureHeadersOptions> = {
  ...GUARD_OPTIONS,
  preset: true,
  helmet: true,
  csp: true,
  hsts: true,
  cacheControl: true,
  permissionsPolicy: "neverUndefined",
  reporting: true,
  remove: "neverUndefined",
  overwrite: true,
  pages: true,
  cors: "neverUndefined",
  crossOriginGuard: "neverUndefined",
  https: "neverUndefined",
  hosts: "neverUndefined",
  cookies: "neverUndefined",
};

/** helmet's own names, and those of cors and csurf. */
export const SECURE_HEADERS_HINTS: Hints<SecureHeadersOptions> = {
  ...Object.fromEntries(HELMET_NAMES.map((name) => [name, `helmet.${name}` as const])),
  origin: "cors.origins",
  origins: "cors.origins",
  credentials: "cors.credentials",
  allowedHeaders: "cors.allowedHeaders",
  exposedHeaders: "cors.exposedHeaders",
  methods: "cors.methods",
  maxAge: "write hsts: { maxAge } for Strict-Transport-Security, cors: { maxAge } for preflights",
  exempt: "crossOriginGuard.exempt",
  nonce: "csp.nonce",
  cspNonce: "csp.nonce",
  enableCSPNonces: "csp.nonce",
  reportTo: "write reporting: { endpoints, contentSecurityPolicy }",
  reportingEndpoints: "reporting.endpoints",
  featurePolicy: 'write permissionsPolicy: { camera: "none" }',
  noCache: "leave it out, Cache-Control: no-store is sent by default",
  allowedHosts: "hosts",
  host: "https.host",
  forceHttps:
    'write https: { host: "api.example.com" }, which redirects browsers and refuses other plain requests',
  csrf: "there are no csrf tokens: crossOriginGuard: true refuses what pages of other sites send with the user's cookies",
  crossOrigin:
    "cors: { origins } lets pages of other origins read answers, crossOriginGuard: true refuses what they send with the user's cookies",
};
