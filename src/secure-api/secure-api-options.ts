import type { AuditLogOptions } from "../audit-log/index.js";
import { GUARD_OPTIONS, type GuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { FormBodyOptions, JsonBodyOptions } from "../json-body/index.js";
import type { OauthGuardInput } from "../oauth-guard/oauth-guard-options.js";
import type { RateLimitOptions } from "../rate-limit/index.js";
import type { SecureHeadersOptions } from "../secure-headers/index.js";
import type { LoadSheddingOptions } from "../server/load-shedding-options.js";
import type { RequestDeadlineOptions } from "../server/request-deadline-options.js";
import type { EnrichOptions, LookUpCaller } from "./enrichment.js";
import type { PathOptions } from "./path-check.js";
import type { RouteTable } from "./routes/row-options.js";

/** Options of {@link secureApi}: one key per middleware, with that middleware's options or `false`. */
export interface SecureApiOptions extends GuardOptions {
  /** Verifies access tokens. Required: options, or `false` if the app authenticates in another way: see `authenticate`. */
  readonly oauthGuard: OauthGuardInput | false;
  /**
   * What names callers by other means than tokens: `session(…)`, `principalFrom(…)`, `principalFrom.header(…)`, or a list
   * of them. It runs in the place of `oauthGuard`, with `oauthGuard: false`, or beside one that is `optional`; not on
   * public routes. Whoever names a caller counts; two of them are answered 400 `invalid_request`. It refuses nobody: put
   * `authorize(authenticated())` on the routes. `mode` and `onDenied` that an entry leaves out are those of the preset.
   *
   * Turns `secureHeaders.crossOriginGuard` on: only `false` there turns it off. @default none
   */
  readonly authenticate?: Middleware | readonly Middleware[] | false | undefined;
  /**
   * Adds what the app's own database knows of the caller: `enrich: async (principal) => ({ roles: await rolesOf(principal.subject) })`,
   * or `{ lookUp, replace, cache }` with the options of `enrichPrincipal`. It runs behind `oauthGuard` and `authenticate`,
   * and in front of the limits by principal and the table: their roles, permissions and tenants are those with what it adds.
   * Not for nobody. `null` is 401 `authentication_required`; a function that fails, or takes longer than 5 seconds, is 503
   * `check_unavailable`. On public routes it runs for who is named in front of the preset or behind it. @default none
   */
  readonly enrich?: LookUpCaller | EnrichOptions | false | undefined;
  /**
   * Limits requests. Required: options, or `false`. Policies keyed by address run before authentication, and those keyed
   * by principal after it: they need `oauthGuard` or `authenticate`. A policy with a key function chooses with `phase`.
   */
  readonly rateLimit: RateLimitOptions | false;
  /** Writes one record per request. @default {} (JSON lines on stdout) */
  readonly auditLog?: AuditLogOptions | false | undefined;
  /** Sets security headers and answers CORS. @default {} (the `api` preset, CORS off) */
  readonly secureHeaders?: SecureHeadersOptions | false | undefined;
  /**
   * Refuses some requests with 503 `overloaded` while the process has more to do than it can. Right behind the headers, in front of
   * all that costs something; a preflight is answered before. Off unless given. @default false
   */
  readonly loadShedding?: LoadSheddingOptions | false | undefined;
  /**
   * Answers 503 `deadline_exceeded` in the place of what takes too long, the parts behind it included. Off unless given:
   * only the app knows how long its routes may take. @default false
   */
  readonly requestDeadline?: RequestDeadlineOptions | false | undefined;
  /**
   * Parses JSON bodies. Off unless given, because handlers that need the raw body, such as webhooks and proxies, must
   * not find it read. @default false
   */
  readonly jsonBody?: JsonBodyOptions | false | undefined;
  /** Parses HTML forms (`application/x-www-form-urlencoded`). Off unless given, as `jsonBody`. @default false */
  readonly formBody?: FormBodyOptions | false | undefined;
  /**
   * Routes that need no token, such as `"GET /health"`. Only `oauthGuard` and `authenticate` do not run there: policies by principal
   * count by address. Patterns are `[METHOD ]/literal/:name/*`. They match only the exact spelling of a path; GET
   * includes HEAD. One that opens every route, such as `"GET /*"`, is an error here. @default none
   */
  readonly publicRoutes?: readonly string[] | undefined;
  /**
   * Rows that say for each route what it asks: `{ "POST /orders": { requireScope: "orders:write" } }`. Every row that
   * covers a request applies. Patterns are `[METHOD ]/literal/:name/*`, and cover every spelling of a path; a row with a
   * method says nothing about other methods. Needs `otherwise`. @default none
   */
  readonly routes?: RouteTable | undefined;
  /**
   * What is asked of requests about which no row says who may call: `"authenticated"` lets every known caller pass, and
   * `"deny"` answers 403 `access_denied`. Required with `routes`.
   */
  readonly otherwise?: "authenticated" | "deny" | undefined;
  /**
   * What is done with paths and methods that can be read in more than one way: 400 `ambiguous_request`, except for the
   * kinds that `allow` names. @default {} with `routes`, else nothing is refused
   */
  readonly paths?: PathOptions | undefined;
  /**
   * Patterns that open every route, such as `"GET /*"`: a route that somebody adds later is public from its first day.
   * @default none
   */
  readonly dangerouslyPublicRoutes?: readonly string[] | undefined;
}

/** Names of {@link SecureApiOptions}. */
export const SECURE_API_KEYS: OptionKeys<SecureApiOptions> = {
  oauthGuard: true,
  authenticate: "neverUndefined",
  enrich: "neverUndefined",
  rateLimit: true,
  auditLog: true,
  secureHeaders: true,
  loadShedding: "neverUndefined",
  requestDeadline: "neverUndefined",
  jsonBody: "neverUndefined",
  formBody: "neverUndefined",
  publicRoutes: true,
  dangerouslyPublicRoutes: true,
  routes: "neverUndefined",
  otherwise: "neverUndefined",
  paths: true,
  ...GUARD_OPTIONS,
};

/** `false` there turns off less than `false` here, or another thing: no name stands for these. */
const GUARD = "write oauthGuard: { issuer, audience }, which verifies access tokens";
const SESSION =
  "write authenticate: session((session) => …), and mount express-session or cookie-session in front of secureApi";
const ENRICH = "write enrich: async (principal) => ({ roles: await rolesOf(principal.subject) })";
const LIMITS = 'write rateLimit: { limit: 100, window: "1m" }';
const HEADERS =
  "leave it out, the headers are sent by default; single ones are changed or turned off in secureHeaders: { helmet: { … } }";
const IN_HEADERS = "it is an option of secureHeaders, write it there: secureHeaders: { … }";
const LOG =
  "leave it out, one record per request is written to stdout by default; auditLog: { sinks: […] } writes them elsewhere";

const SHEDDING =
  "write loadShedding: {}, which refuses requests while the process has too much to do";
const DEADLINE = 'write requestDeadline: { timeout: "30s" }';
const ROWS = 'write routes: { "POST /orders": { requireScope: "orders:write" } }';
const OTHERWISE =
  'write otherwise: "authenticated" or "deny", which decides about requests that no row covers';
const LAST = "write app.use(notFound()) and app.use(errorHandler()) behind the last route";
/** No name stands for these: `mode` takes no boolean. */
const REPORT =
  'leave it out to refuse, write mode: "report" to let every request pass and only record refusals';

/** What other packages and people call them. */
export const SECURE_API_HINTS: Hints<SecureApiOptions> = {
  auth: GUARD,
  jwt: GUARD,
  oauth: GUARD,
  issuer: GUARD,
  audience: GUARD,
  session: SESSION,
  sessions: SESSION,
  enrichPrincipal: ENRICH,
  enrichment: ENRICH,
  principalFrom: "write authenticate: principalFrom((req) => …)",
  limit: LIMITS,
  window: LIMITS,
  policies: "rateLimit.policies",
  limiter: LIMITS,
  throttle: LIMITS,
  helmet: HEADERS,
  headers: HEADERS,
  cors: "leave it out to let no page of another origin read answers, write secureHeaders: { cors: { origins: […] } } to let some",
  https: IN_HEADERS,
  hosts: IN_HEADERS,
  pages: IN_HEADERS,
  csp: IN_HEADERS,
  reporting: IN_HEADERS,
  permissionsPolicy: IN_HEADERS,
  json: "jsonBody",
  urlencoded: "formBody",
  form: "formBody",
  bodyParser: "jsonBody",
  logger: LOG,
  log: LOG,
  trustProxy:
    'Express has this setting: write app.set("trust proxy", …) with the number or the addresses of your proxies',
  public: "publicRoutes",
  publicPaths: "publicRoutes",
  unless: "publicRoutes",
  audit: LOG,
  body: "write jsonBody: {} to parse JSON bodies, mount validate on the routes to check them",
  validate:
    'mount validate on the routes, or write it into a row of routes: { "POST /orders": { validate: { body: schema } } }',
  rules: ROWS,
  table: ROWS,
  accessControl: ROWS,
  fallback: OTHERWISE,
  default: OTHERWISE,
  defaultDeny: OTHERWISE,
  anyRequest: OTHERWISE,
  path: "paths",
  errorHandler: LAST,
  notFound: LAST,
  overload: SHEDDING,
  toobusy: SHEDDING,
  underPressure: SHEDDING,
  timeout: DEADLINE,
  deadline: DEADLINE,
  requestTimeout: DEADLINE,
  report: REPORT,
  reportOnly: REPORT,
  dryRun: REPORT,
};
