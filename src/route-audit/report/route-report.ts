import type { GuardDescription } from "../../core/guard/guard-mark.js";

/**
 * What became of a route:
 *
 * - `guarded`: authentication that is not optional, or authorization, stands in front of its handler and enforces
 * - `public`: nothing guards it, and `declarePublic`, or a pattern of the preset, says that this is meant
 * - `open`: nothing guards it
 * - `unresolved`: its path could not be found out, so that nobody knows what guards it; it counts as open
 */
export type RouteStatus = "guarded" | "public" | "open" | "unresolved";

/** One method and path of an app. */
export interface AuditedRoute {
  /** In upper case; `*` for all methods. */
  readonly method: string;
  /** As declared, with the paths it is mounted at in front; a regular expression as `RegExp(/…/)`. */
  readonly path: string;
  readonly status: RouteStatus;
  /** What covers every request to the route in front of its handler, the outermost first. */
  readonly guards: readonly GuardDescription[];
  /** Why it is public, or why its path is not resolved. */
  readonly reason?: string | undefined;
  /** Handlers without a brand that run in front of the first guard of the route itself, and so may answer before it. */
  readonly unknownBeforeGuard: readonly string[];
}

/** A handler that is no route and may answer requests itself: static files, a proxy, GraphQL. */
export interface OpaqueHandler {
  readonly name: string;
  /** Paths where it is mounted. */
  readonly paths: readonly string[];
  readonly status: RouteStatus;
  readonly guards: readonly GuardDescription[];
}

/** A part of a preset, such as a row of its table, that covers no route of the app. */
export interface UnusedPattern {
  readonly guard: string;
  readonly pattern: string;
}

/** Every route of an app, with the guards that cover it. Frozen plain data. */
export interface RouteReport {
  readonly routes: readonly AuditedRoute[];
  readonly handlers: readonly OpaqueHandler[];
  readonly unused: readonly UnusedPattern[];
}
