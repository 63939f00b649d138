import type { Request } from "express";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import {
  coversEverything,
  type PathPattern,
  parsePathPattern,
} from "../../core/http/path-pattern.js";
import { isRefused, type Refused } from "../../core/refusal/refused.js";

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
  const read = createPatternReader();
  return flatten(mark, { at: [], except: [], elsewhere: [], unclear: false }, read);
}

function flatten(
  { parts = [], at, except, elsewhere, ...own }: GuardDescription,
  outer: Omit<EffectiveGuard, "description">,
  read: PatternReader,
): readonly EffectiveGuard[] {
  const [places, openings] = [parseAll(at ?? [], read), parseAll(except ?? [], read)];
  const others = parseAll(elsewhere ?? [], read);
  const place = {
    at: at === undefined ? outer.at : [...outer.at, places.patterns],
    except: [...outer.except, ...openings.patterns],
    elsewhere: [...outer.elsewhere, ...others.patterns],
    unclear: outer.unclear || places.failed || openings.failed || others.failed,
  };
  const inner = parts.flatMap((part) => flatten(part, place, read));
  if (own.kind === "preset") return inner;
  return [Object.freeze({ description: Object.freeze(own), ...place }), ...inner];
}

type PatternReader = (text: string) => PathPattern | Refused;

/** Reads each text once, so that the same pattern is the same object in all parts of a preset. */
function createPatternReader(): PatternReader {
  const known = new Map<string, PathPattern | Refused>();
  return (text) => {
    const pattern = known.get(text) ?? parsePathPattern(text);
    known.set(text, pattern);
    return pattern;
  };
}

function parseAll(
  texts: readonly string[],
  read: PatternReader,
): { readonly patterns: readonly PathPattern[]; readonly failed: boolean } {
  const parsed = texts.map(read);
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
