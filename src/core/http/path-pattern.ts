import { METHODS } from "node:http";
import type { Request } from "express";
import { closest } from "../options/spelling.js";
import { isHarmless, unsetFault } from "../options/value.js";
import { type Refused, refused } from "../refusal/refused.js";
import { overridesMethod } from "./first-party.js";
import { canonicalSegments } from "./paths/canonical-path.js";
import { readingsOf } from "./paths/path-readings.js";

/**
 * A pattern of the form `[METHOD ]/literal/:name/*`, the same on Express 4 and 5.
 *
 * A final `/*` covers the prefix itself and everything below it, each with or without a slash at the end. Any other
 * pattern may end in a slash, which counts for exemptions only. Patterns are absolute: they are held against
 * `req.baseUrl + req.path`.
 */
export interface PathPattern {
  /** As the user wrote it. */
  readonly text: string;
  /** One of those that this Node.js parses; all of them when it is left out. */
  readonly method: string | undefined;
  /** Literals, and `undefined` for a parameter. */
  readonly segments: readonly (string | undefined)[];
  /** Whether the pattern ends in `/*`. */
  readonly below: boolean;
  /** Whether it ends in a slash, and so opens the path with the slash only. */
  readonly slash?: true;
}

const METHOD = /^[A-Z]+(?:-[A-Z]+)?$/;
/** What other routers call all of them. */
const EVERY_METHOD = /^(?:\*|all|any)$/i;
const BAD_METHOD = "must have a method that this Node.js knows";
const LITERAL = /^[A-Za-z0-9._~@$,=&'!-]+$/;
const PARAMETER = /^:[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads a pattern. Refused with what it must be, and the right spelling. */
export function parsePathPattern(text: string): PathPattern | Refused {
  const space = text.indexOf(" ");
  const method = space === -1 ? undefined : text.slice(0, space);
  const path = text.slice(space + 1);
  if (method !== undefined && !/\s/.test(path) && EVERY_METHOD.test(method))
    return refused(`${BAD_METHOD}: ${write(path, "leave it out")} for every method`);
  if (/\s/.test(path) || (method !== undefined && !METHOD.test(method)))
    return refused(badSpacing(text));
  if (method !== undefined && !METHODS.includes(method)) return refused(badMethod(method));
  // The server emits it as an event of its own.
  if (method === "CONNECT")
    return refused("must not have the method CONNECT, which Node.js hands to no app");
  if (path.includes(",/"))
    return refused('must be one path: write several as a list, ["/a", "/b"]');
  if (!path.startsWith("/"))
    return refused(badStart(path, method === undefined ? "" : `${method} `));
  if (path === "/") return freeze(text, method, [], false);
  const below = path.endsWith("/*");
  const slash = path.endsWith("/");
  const inner = below ? path.slice(0, -2) : slash ? path.slice(0, -1) : path;
  const segments: (string | undefined)[] = [];
  for (const segment of inner === "" ? [] : inner.slice(1).split("/")) {
    const unset = unsetFault(segment);
    if (unset !== undefined) return refused(unset);
    if (PARAMETER.test(segment)) segments.push(undefined);
    else if (segment === "" || segment === "." || segment === ".." || !LITERAL.test(segment))
      return refused(badSegment(segment));
    else segments.push(segment);
  }
  return freeze(text, method, segments, below, slash);
}

/** Whether the pattern covers every path below the root, with any method or with one. */
export function coversEverything({ below, segments }: PathPattern): boolean {
  return below && segments.every((literal) => literal === undefined);
}

/** Whether an exemption takes away the whole effect of a restriction, as far as that is spelt like its pattern. */
export function covers(exemption: PathPattern, restriction: PathPattern): boolean {
  const { method, segments, below, slash } = exemption;
  if (method !== undefined && method !== restriction.method) return false;
  const { length } = restriction.segments;
  const reaches = below
    ? segments.length <= length
    : !restriction.below && slash === restriction.slash && segments.length === length;
  return (
    reaches &&
    segments.every((literal, index) => {
      return literal === undefined || literal === restriction.segments[index];
    })
  );
}

/** Whether any path below the one at which a router is mounted can match: patterns are absolute. */
export function reachesBelow({ segments, below }: PathPattern, mount: string): boolean {
  const mounted = segmentsOf(mount);
  if (segments.length < mounted.length && !below) return false;
  return mounted.every((segment, index) => {
    const literal = segments[index];
    return literal === undefined || sameLetters(literal, segment);
  });
}

/**
 * Whether a restriction with this pattern covers the request. Covers too much rather than too little: letter case,
 * empty segments and a trailing slash do not matter, every reading of the path counts (raw, decoded, with dot segments
 * and without), GET includes HEAD, and a request that names another method may have any.
 */
export function restricts(pattern: PathPattern, req: Request): boolean {
  if (!coversMethod(pattern, req.method) && !overridesMethod(req)) return false;
  const readings = readingsOf(req.baseUrl + req.path, pattern.segments.length);
  return readings.some((segments) => matches(pattern, segments, sameLetters));
}

/**
 * Whether an exemption with this pattern covers the request. Covers too little rather than too much: exact letter
 * case, a raw path that equals its canonical form, GET includes HEAD, no method that replaces the one of the request. One
 * slash at the end is part of what `/*` covers; any other pattern covers the path with it or without it, as written.
 */
export function opens(pattern: PathPattern, req: Request): boolean {
  if (!coversMethod(pattern, req.method) || overridesMethod(req)) return false;
  const raw = req.baseUrl + req.path;
  const slashed = raw.length > 2 && raw.endsWith("/");
  const path = slashed ? raw.slice(0, -1) : raw;
  const segments = canonicalSegments(path);
  if (segments === undefined) return false;
  if (!pattern.below && path !== "/") {
    const written = slashed && req.path === "/" ? hasSlashBehindMount(req) : slashed;
    if (written !== (pattern.slash === true)) return false;
  }
  return matches(pattern, segments, identical);
}

/**
 * Whether the client wrote a slash behind the path at which this router is mounted: Express puts one there for it.
 *
 * @returns `undefined` when that cannot be told, because something rewrote the path.
 */
function hasSlashBehindMount({ baseUrl, originalUrl = "" }: Request): boolean | undefined {
  const [path] = originalUrl.split("?", 1);
  if (path === baseUrl) return false;
  return path === `${baseUrl}/` ? true : undefined;
}

/** Whether requests with this method are covered. GET includes HEAD. */
export function coversMethod(pattern: PathPattern, method: string): boolean {
  return (
    pattern.method === undefined ||
    pattern.method === method ||
    (pattern.method === "GET" && method === "HEAD")
  );
}

function matches(
  pattern: PathPattern,
  segments: readonly string[],
  equal: (literal: string, segment: string) => boolean,
): boolean {
  const wanted = pattern.segments;
  if (pattern.below ? segments.length < wanted.length : segments.length !== wanted.length)
    return false;
  return wanted.every(
    (literal, index) => literal === undefined || equal(literal, segments[index] as string),
  );
}

function identical(literal: string, segment: string): boolean {
  return literal === segment;
}

function sameLetters(literal: string, segment: string): boolean {
  return literal.toLowerCase() === segment.toLowerCase();
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function freeze(
  text: string,
  method: string | undefined,
  segments: (string | undefined)[],
  below: boolean,
  slash = false,
): PathPattern {
  const pattern = { text, method, segments: Object.freeze(segments), below };
  return Object.freeze(slash ? { ...pattern, slash } : pattern);
}

function badSpacing(text: string): string {
  const [first = "", second, ...rest] = text.trim().split(/\s+/);
  if (first === "") return badStart("", "");
  if (second === undefined)
    return `must not have white space around the path: ${write(first, "leave it out")}`;
  const method = first.toUpperCase();
  if (rest.length === 0 && /^[a-z]+(?:-[a-z]+)?$/i.test(first)) {
    if (!METHODS.includes(method)) return badMethod(method);
    return `must start with an upper-case method and one space: ${write(`${method} ${second}`, `write "${method}" and the path`)}`;
  }
  return "must be one path, with one upper-case method and one space before it or none: write one pattern for each";
}

/** A method that Node.js does not parse reaches no pattern: such a one would never match. */
function badMethod(method: string): string {
  const meant = closest(method, METHODS);
  const fix = meant === undefined ? "GET, POST and such" : `did you mean "${meant}"?`;
  return `${BAD_METHOD}: ${fix}`;
}

function badStart(path: string, method: string): string {
  if (path === "" || path === "*") return `must start with "/": for everything write "${method}/*"`;
  if (method === "" && METHODS.includes(path))
    return `must have a path behind the method: for everything write "${path} /*"`;
  if (path.includes("://")) return 'must start with "/": write the path alone';
  return `must start with "/": ${write(`${method}/${path}`, "write one in front of the path")}`;
}

/** The right spelling, or what to do: a text that is long enough for a secret in the wrong place is not printed. */
function write(text: string, otherwise: string): string {
  const parts = text.split(/[ /]/);
  return parts.every((part) => isHarmless(part) || METHODS.includes(part))
    ? `write "${text}"`
    : otherwise;
}

function badSegment(segment: string): string {
  if (segment === "") return "must not have empty segments";
  if (segment.includes("*")) return 'must have "*" only as the last segment, as in "/files/*"';
  if (segment.startsWith(":"))
    return 'must name parameters as in "/:id", without modifiers or expressions';
  return 'must have literal segments of letters, digits and -._~@$,=&\'!, or parameters such as ":id"';
}
