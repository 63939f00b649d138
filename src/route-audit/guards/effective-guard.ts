import type { Request } from "express";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import {
  coversEverything,
  opens,
  type PathPattern,
  parsePathPattern,
  restricts,
} from "../../core/http/path-pattern.js";
import { isRefused } from "../../core/refusal/refused.js";

/** A guard that runs for a request as a whole or not at all: a part of a preset stands for itself. */
export interface EffectiveGuard {
  /** Without the parts, and without the patterns below. */
  readonly description: GuardDescription;
  /** It runs where one pattern of each list covers the request. */
  readonly at: readonly (readonly PathPattern[])[];
  /** It does not run where one of them opens. */
  readonly except: readonly PathPattern[];
  /** It does not run where one of them covers the request, because another guard decides there. */
  readonly elsewhere: readonly PathPattern[];
  /** Whether a pattern cannot be read, so that nobody knows where it runs. */
  readonly unclear: boolean;
}

/** Whether a guard runs for a request, and if not, which pattern has opened it. */
export type Effect = "runs" | "elsewhere" | { readonly openedBy: string };

/** The guards that a brand stands for: of a preset, its parts and itself. */
export function effectiveGuards(mark: GuardDescription): readonly EffectiveGuard[] {
  return flatten(mark, { at: [], except: [], elsewhere: [], unclear: false });
}

function flatten(
  { parts = [], at, except, elsewhere, ...own }: GuardDescription,
  outer: Omit<EffectiveGuard, "description">,
): readonly EffectiveGuard[] {
  const [places, openings] = [parseAll(at ?? []), parseAll(except ?? [])];
  const others = parseAll(elsewhere ?? []);
  const place = {
    at: at === undefined ? outer.at : [...outer.at, places.patterns],
    except: [...outer.except, ...openings.patterns],
    elsewhere: [...outer.elsewhere, ...others.patterns],
    unclear: outer.unclear || places.failed || openings.failed || others.failed,
  };
  const inner = parts.flatMap((part) => flatten(part, place));
  if (own.kind === "preset") return inner;
  return [Object.freeze({ description: Object.freeze(own), ...place }), ...inner];
}

function parseAll(texts: readonly string[]): {
  readonly patterns: readonly PathPattern[];
  readonly failed: boolean;
} {
  const parsed = texts.map(parsePathPattern);
  const patterns = parsed.filter((pattern): pattern is PathPattern => !isRefused(pattern));
  return { patterns, failed: patterns.length < parsed.length };
}

/** Whether it demands something of everybody: authentication that is not optional, or authorization, enforced. */
export function isProtection({ kind, mode, optional }: GuardDescription): boolean {
  const protects = kind === "authentication" || kind === "authorization";
  return protects && mode === "enforce" && optional !== true;
}

/** Whether the guard, or a part of it, does so. */
export function protects(mark: GuardDescription): boolean {
  return isProtection(mark) || (mark.parts ?? []).some(protects);
}

/** What the guard does with a request that it is handed. */
export function effectOn(guard: EffectiveGuard, req: Request): Effect {
  if (guard.unclear) return "elsewhere";
  const opening = guard.except.find((pattern) => opens(pattern, req));
  if (opening !== undefined) return { openedBy: opening.text };
  if (guard.elsewhere.some((pattern) => restricts(pattern, req))) return "elsewhere";
  return guard.at.every((patterns) => patterns.some((pattern) => restricts(pattern, req)))
    ? "runs"
    : "elsewhere";
}

/** The patterns of `at` that cover the request. */
export function coveringPatterns({ at }: EffectiveGuard, req: Request): readonly string[] {
  return at
    .flat()
    .filter((pattern) => restricts(pattern, req))
    .map(({ text }) => text);
}

/**
 * A request as far as patterns look at it: without credentials, and without a field or query that names another method.
 *
 * @param baseUrl - The path at which the router that has the guard is mounted.
 */
export function imaginedRequest(
  method: string,
  url: string,
  baseUrl: string,
  path: string,
): Request {
  const request = { method, baseUrl, path, url: path, originalUrl: url, headers: {}, params: {} };
  return request as unknown as Request;
}

/** Whether it runs for every request of the method, whatever the path, but for those that `except` opens. */
export function runsEverywhere(guard: EffectiveGuard, method: string): boolean {
  if (guard.unclear || guard.elsewhere.length > 0) return false;
  return guard.at.every((patterns) =>
    patterns.some(
      (pattern) =>
        coversEverything(pattern) && (pattern.method === undefined || pattern.method === method),
    ),
  );
}
