import type { RequestHandler } from "express";

/** What the route audit reads of a middleware. */
export interface GuardDescription {
  /** The factory, such as `requireRole`, or the name of a third-party guard. */
  readonly guard: string;
  /** What it decides about. */
  readonly kind:
    | "authentication"
    | "enrichment"
    | "authorization"
    | "validation"
    | "limit"
    | "headers"
    | "audit"
    | "preset"
    | "public";
  readonly mode: "enforce" | "report";
  /** What it demands, in words: `role(admin)`; of `public`, why the route is meant to be open. */
  readonly rule?: string;
  /** Set where it lets pass whoever sends no credentials at all. */
  readonly optional?: true;
  /** Patterns of paths where alone it runs, inside a preset; everywhere when it is left out. They restrict broadly. */
  readonly at?: readonly string[];
  /** Patterns of paths where it does not run, inside a preset. They open narrowly. */
  readonly except?: readonly string[];
  /**
   * Patterns of paths where it does not run, inside a preset, because another part decides there. They cover broadly, as
   * those of `at` do: it runs for what none of them covers, such as the other methods of a path.
   */
  readonly elsewhere?: readonly string[];
  /** The guards that it runs by itself, when it is a preset. */
  readonly parts?: readonly GuardDescription[];
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

/** What the brand of a middleware says, or `undefined` when it has none that {@link markGuard} could have written. */
export function guardMark(handler: object): GuardDescription | undefined {
  const { expressSecureApiGuard: mark } = handler as { expressSecureApiGuard?: unknown };
  if (typeof mark !== "string") return undefined;
  try {
    const description: unknown = JSON.parse(mark);
    return isDescription(description) ? description : undefined;
  } catch {
    return undefined;
  }
}

function isDescription(value: unknown): value is GuardDescription {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Partial<Record<keyof GuardDescription, unknown>>;
  const { guard, mode, parts = [] } = given;
  if (typeof guard !== "string" || (mode !== "enforce" && mode !== "report")) return false;
  const { at = [], except = [], elsewhere = [] } = given;
  return (
    isList(parts, isDescription) && [at, except, elsewhere].every((list) => isList(list, isString))
  );
}

function isList(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isString(value: unknown): boolean {
  return typeof value === "string";
}
