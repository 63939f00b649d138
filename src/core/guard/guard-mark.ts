import type { RequestHandler } from "express";

/** What the route audit reads of a middleware. */
export interface GuardDescription {
  /** The factory, such as `requireRole`, or the name of a third-party guard. */
  readonly guard: string;
  /** What it decides about. */
  readonly kind:
    | "authentication"
    | "authorization"
    | "validation"
    | "limit"
    | "headers"
    | "audit"
    | "preset";
  readonly mode: "enforce" | "report";
  /** What it demands, in words: `role(admin)`. */
  readonly rule?: string;
}

/**
 * Brands a middleware as a guard, so that the route audit sees it. Use it for guards that are not ours. The brand is
 * a declaration: it says that the middleware guards, it does not prove it.
 *
 * It is an enumerable string property, because OpenTelemetry's instrumentation copies only those when it wraps.
 */
export function markGuard<T extends RequestHandler>(handler: T, description: GuardDescription): T {
  return Object.assign(handler, { expressSecureApiGuard: JSON.stringify(description) });
}
