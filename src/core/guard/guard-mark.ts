import type { RequestHandler } from "express";
import { type GuardDetails, giveDetails, guardDetails } from "./guard-details.js";

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
    | "availability"
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
  /** What it says of itself beyond its brand, when it can be asked: wrapped guards cannot. It is no part of the brand. */
  readonly details?: GuardDetails;
}

/**
 * Brands a middleware as a guard, so that the route audit sees it. Use it for guards that are not ours. The brand is
 * a declaration: it says that the middleware guards, it does not prove it.
 *
 * It is an enumerable string property, because OpenTelemetry's instrumentation copies only those when it wraps.
 */
export function markGuard<T extends RequestHandler>(handler: T, description: GuardDescription): T {
  const { details: _apart, ...brand } = description;
  return Object.assign(handler, { expressSecureApiGuard: JSON.stringify(brand) });
}

/** Of another installed copy as well. */
const MADE_HERE = Symbol.for("express-secure-api.guard/1");

/** Says of a middleware with a brand that this package made it: it hands on whatever it does not refuse. */
export function declareMadeHere<T extends object>(guard: T): T {
  // Not enumerable: what wraps it, and copies its brand, is another function.
  return Object.defineProperty(guard, MADE_HERE, { value: true });
}

/** Whether {@link declareMadeHere} has said so. */
export function isMadeHere(handler: object): boolean {
  return Object.hasOwn(handler, MADE_HERE);
}

/** Brands a middleware that runs the guard as that guard, and has it say the same about itself; not where it is none. */
export function markAs<T extends RequestHandler>(handler: T, guard: object): T {
  const mark = guardMark(guard);
  if (mark === undefined) return handler;
  const marked = giveDetails(markGuard(handler, mark), () => guardDetails(guard) ?? {});
  return isMadeHere(guard) ? declareMadeHere(marked) : marked;
}

const KINDS: ReadonlySet<unknown> = new Set<GuardDescription["kind"]>([
  "authentication",
  "enrichment",
  "authorization",
  "validation",
  "limit",
  "availability",
  "headers",
  "audit",
  "preset",
  "public",
]);

/** What the brand of a middleware says, or `undefined` when it has none that {@link markGuard} could have written. */
export function guardMark(handler: object): GuardDescription | undefined {
  // What all functions inherit would make a guard of each.
  if (!Object.hasOwn(handler, "expressSecureApiGuard")) return undefined;
  const { expressSecureApiGuard: mark } = handler as { expressSecureApiGuard?: unknown };
  if (typeof mark !== "string") return undefined;
  let read = readMarks.get(handler);
  if (read?.mark !== mark) {
    read = { mark, description: parseMark(mark) };
    readMarks.set(handler, read);
  }
  return read.description;
}

/** What was read of each middleware: that of a preset may be long, and is asked for with each request. */
const readMarks = new WeakMap<
  object,
  { readonly mark: string; readonly description: GuardDescription | undefined }
>();

function parseMark(mark: string): GuardDescription | undefined {
  try {
    const description: unknown = JSON.parse(mark);
    return isDescription(description) ? description : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What the brand of a middleware says, with the details that it gives of itself and of its parts; `undefined` when it has
 * no brand.
 */
export function describeGuard(handler: object): GuardDescription | undefined {
  const mark = guardMark(handler);
  const details = mark === undefined ? undefined : guardDetails(handler);
  return mark === undefined || details === undefined ? mark : withDetails(mark, details);
}

function withDetails(mark: GuardDescription, given: GuardDetails): GuardDescription {
  const { parts: ofParts = [], ...details } = given;
  // Details of another list of parts would be those of other guards.
  const fits = mark.parts !== undefined && mark.parts.length === ofParts.length;
  const parts = fits
    ? { parts: mark.parts.map((part, index) => joined(part, ofParts[index])) }
    : {};
  const own = Object.keys(details).length > 0 ? { details: Object.freeze(details) } : {};
  return { ...mark, ...parts, ...own };
}

function joined(
  part: GuardDescription,
  details: GuardDetails | null | undefined,
): GuardDescription {
  return details == null ? part : withDetails(part, details);
}

function isDescription(value: unknown): value is GuardDescription {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Partial<Record<keyof GuardDescription, unknown>>;
  const { guard, kind, mode, rule = "", optional = true, parts = [] } = given;
  if (typeof guard !== "string" || (mode !== "enforce" && mode !== "report")) return false;
  if (!KINDS.has(kind) || typeof rule !== "string" || optional !== true) return false;
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
