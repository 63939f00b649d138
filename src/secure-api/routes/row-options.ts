import type { RequireStepUpOptions, Rule } from "../../authorization/index.js";
import type { Mode } from "../../core/guard/guard-options.js";
import type { Middleware } from "../../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { RateLimitPolicy } from "../../rate-limit/index.js";
import type { ValidateChainsOptions, ValidateOptions } from "../../validate/index.js";

/** What one row asks of the requests that its pattern covers. Its members are the names of middlewares. */
export interface RouteRow {
  /** Roles, of which the caller needs one, as in `requireRole("admin", "editor")`. */
  readonly requireRole?: string | readonly string[] | undefined;
  /** Scopes, of which the token needs all, as in `requireScope("orders:write")`. */
  readonly requireScope?: string | readonly string[] | undefined;
  /** Permissions, of which the caller needs all, as in `requirePermission("orders:write")`. */
  readonly requirePermission?: string | readonly string[] | undefined;
  /** How recent and how strong the login must be, as in `requireStepUp({ maxAge: "5m" })`. */
  readonly requireStepUp?: RequireStepUpOptions | undefined;
  /** The parameter of the pattern that must be the subject of the caller, as in `ownParam("userId")`. */
  readonly ownParam?: string | undefined;
  /** A rule, as in `authorize(any(role("admin"), scope("orders:write")))`; `authenticated()` for any caller. */
  readonly authorize?: Rule | undefined;
  /**
   * Guards that have no name here: middlewares of this package, such as `requireOwnership`, or others that `markGuard` has branded. `req.params`
   * holds the parameters of the pattern while they run. `mode` and `onDenied` are their own.
   */
  readonly use?: Middleware | readonly Middleware[] | undefined;
  /** What a request must look like, as the options of `validate`. `params` are those of the pattern. */
  readonly validate?: ValidateOptions | ValidateChainsOptions | undefined;
  /**
   * Policies of the preset's `rateLimit` that count what the row covers. Their `name` is the pattern, unless they have
   * one. They run where the others do, by their `key` and `phase`.
   */
  readonly rateLimit?: RowLimit | readonly RowLimit[] | undefined;
  /**
   * The methods that are enabled for the path; any other is answered 405 `method_not_allowed` with `Allow`. GET includes
   * HEAD. Only in a row without a method.
   */
  readonly methods?: string | readonly string[] | undefined;
  /** Why the route is open to everybody. `oauthGuard` and `authenticate` do not run there, as for `publicRoutes`. */
  readonly public?: string | undefined;
  /**
   * Why nobody has to log in here, although who does is known: requests without credentials pass, and a token that is sent
   * must be valid. As for `public`, the exact spelling of the path alone is open.
   */
  readonly optional?: string | undefined;
  /** `true` closes what the row covers: 403 `access_denied`, whoever calls. */
  readonly deny?: true | undefined;
  /**
   * Patterns of requests about which the row says nothing; its `rateLimit` counts them all the same. They open narrowly:
   * the exact spelling of a path alone.
   */
  readonly except?: string | readonly string[] | undefined;
  /**
   * `"report"` records what the row would refuse. `otherwise` decides about its requests as if the row were not there.
   * @default that of the preset
   */
  readonly mode?: Mode | undefined;
}

/** A policy of `rateLimit` in a row, whose pattern is its `match`. */
export type RowLimit = Omit<RateLimitPolicy, "match">;

/** Rows by their patterns: `[METHOD ]/literal/:name/*`. Every row that covers a request applies to it. */
export type RouteTable = Readonly<Record<string, RouteRow>>;

/** Names of {@link RouteRow}. */
export const ROW_KEYS: OptionKeys<RouteRow> = {
  requireRole: "neverUndefined",
  requireScope: "neverUndefined",
  requirePermission: "neverUndefined",
  requireStepUp: "neverUndefined",
  ownParam: "neverUndefined",
  authorize: "neverUndefined",
  use: "neverUndefined",
  validate: "neverUndefined",
  rateLimit: "neverUndefined",
  methods: "neverUndefined",
  public: true,
  optional: true,
  deny: "neverUndefined",
  except: true,
  mode: true,
};

const SCHEMA = "write validate: { body: schema }, or query, params, headers or cookies";
const CALLER = "write authorize: authenticated(), which lets every known caller pass";
const OPEN = 'write public: "why it is open", and only on routes that everybody may call';
const LIMIT = 'write rateLimit: { limit: 10, window: "1m" }';
const OWNER = "write ownParam for an id in the path, or use: requireOwnership({ load, owner })";

/** What other packages and people call them. */
export const ROW_HINTS: Hints<RouteRow> = {
  role: "requireRole",
  roles: "requireRole",
  hasRole: "requireRole",
  scope: "requireScope",
  scopes: "requireScope",
  rule: "authorize",
  description: "a rule stands where the row does: write { authorize: rule }",
  permission: "requirePermission",
  permissions: "requirePermission",
  stepUp: "requireStepUp",
  owner: OWNER,
  ownership: OWNER,
  requireOwnership: OWNER,
  auth: CALLER,
  authenticated: CALLER,
  authenticate: CALLER,
  schema: SCHEMA,
  body: SCHEMA,
  query: SCHEMA,
  params: SCHEMA,
  limit: LIMIT,
  window: LIMIT,
  throttle: LIMIT,
  allow: OPEN,
  anonymous: OPEN,
  permitAll: OPEN,
  declarePublic: OPEN,
  skip: "except",
  unless: "except",
  denyAll: "deny",
  guard: "use",
  guards: "use",
  middleware: "use",
  handlers: "use",
  dryRun: 'leave it out to refuse, write mode: "report" to only record what the row would refuse',
};
