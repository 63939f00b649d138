import { randomUUID } from "node:crypto";
import type { RequestHandler } from "express";
import { adopt } from "../core/guard/adoptable.js";
import { type GuardDescription, guardMark, markAs } from "../core/guard/guard-mark.js";
import type { Mode } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import type { OptionItem } from "../core/options/problem-list.js";
import { describeValue, isPlainObject } from "../core/options/value.js";
import { createCallerWay, enterWay } from "../core/principal/name-caller.js";
import type { OnDenied } from "../core/refusal/deny.js";
import { principalFrom, session } from "../principal/index.js";

/** What names callers in the preset, besides `oauthGuard`. */
export interface Authentication {
  /** In this order, with a last step that ends the list; empty when there is none. */
  readonly steps: readonly Middleware[];
  /** What is known of those that name a caller. A guard that is not ours only decides. */
  readonly sources: readonly GuardDescription[];
  /** Whether nothing of it names anybody, and that is no consequence of a problem that was noted. */
  readonly namesNobody: boolean;
}

type Reader = OptionsReader<"authenticate" | "oauthGuard" | "secureHeaders">;

const EXAMPLE = "session((session) => …) or principalFrom((req) => …)";
const SOURCES: readonly string[] = ["principalFrom", "session"];
/** What makes an entry, and how. */
const FACTORIES = new Map<unknown, string>([
  [session, "session(({ userId }) => (userId ? { subject: userId } : null))"],
  [principalFrom, "principalFrom((req) => (req.user ? { subject: req.user.id } : null))"],
  [principalFrom.header, "principalFrom.header({ … })"],
]);
/** Parts of the preset that are no entries. */
const PARTS: readonly string[] = [
  "auditLog",
  "secureHeaders",
  "loadShedding",
  "requestDeadline",
  "rateLimit",
  "jsonBody",
  "formBody",
];
/** How many parameters a middleware has, and a factory of ours has not. */
const MIDDLEWARE_LENGTH = 3;

/**
 * Reads `authenticate`. Each entry is a way of its own to learn who calls: of two that speak, none is believed.
 *
 * @param defaults - The preset's, for entries that say nothing else.
 */
export function readAuthentication(
  reader: Reader,
  defaults: { readonly mode: Mode; readonly onDenied: OnDenied },
): Authentication {
  const given = reader.raw("authenticate");
  const items = given === false ? undefined : reader.items("authenticate");
  if (items === undefined) return { steps: [], sources: [], namesNobody: true };
  if (items.length === 0) {
    reader.note("authenticate", `must be ${EXAMPLE} or a list of them, got an empty list`);
  }
  items.forEach((item, index) => {
    const problem = problemOf(item, items.slice(0, index));
    if (problem !== undefined) item.note(problem);
  });
  checkNeighbours(reader);

  const entries = items.map(({ value }) => value).filter(isAuthentication);
  const guards = entries.map((entry) => adopt(entry, defaults));
  const marks = guards.flatMap((guard) => guardMark(guard) ?? []);
  const sources = marks.filter(({ guard }) => SOURCES.includes(guard));
  return {
    steps: [...guards.map((guard, index) => asWay(guard, entries[index] ?? guard)), leaveWays],
    sources,
    namesNobody: sources.length === 0 && entries.length > 0 && entries.length === items.length,
  };
}

/** Whether anything is given there. What is wrong with it is noted where it is read. */
export function authenticates(reader: OptionsReader<"authenticate">): boolean {
  return reader.has("authenticate") && reader.raw("authenticate") !== false;
}

/** What would make the list useless, or leave its cookies without protection. */
function checkNeighbours(reader: Reader): void {
  const guard = reader.raw("oauthGuard");
  if (isPlainObject(guard) && guard["optional"] !== true) {
    reader.problems.note(
      `${reader.path}.oauthGuard.optional`,
      "must be true beside authenticate, because without it every request needs a token. Requests of nobody pass then: put authorize(authenticated()) on the routes",
    );
  }
  if (reader.raw("secureHeaders") === false) {
    reader.note(
      "secureHeaders",
      "must not be false with authenticate: its cross-origin guard refuses what pages of other sites send with the session of a user",
    );
  }
}

function isAuthentication(value: unknown): value is Middleware {
  if (typeof value !== "function") return false;
  const mark = guardMark(value);
  return mark?.kind === "authentication" && mark.guard !== "oauthGuard";
}

function problemOf({ value }: OptionItem, earlier: readonly OptionItem[]): string | undefined {
  if (earlier.some((other) => other.value === value)) return "must not repeat an earlier entry";
  if (isAuthentication(value)) return undefined;
  const must = `must be ${EXAMPLE}, got ${describeValue(value)}`;
  if (typeof value !== "function") return must;
  const call = FACTORIES.get(value);
  if (call !== undefined) return `${must}: call it, as in ${call}`;
  const mark = guardMark(value);
  if (mark?.guard === "oauthGuard") {
    return `${must}: write its options as oauthGuard: { issuer, audience, optional: true }`;
  }
  if (mark !== undefined) return `${must}: ${placeOf(mark)}, it does not say who calls`;
  return value.length >= MIDDLEWARE_LENGTH
    ? `${must}: mount what makes sessions or sets req.user in front of secureApi, and write what names the caller here`
    : `${must}: write principalFrom(…) or session(…) around the function that names the caller`;
}

/** Where a guard belongs that names nobody. In front of the preset, one that needs the caller would refuse everybody. */
function placeOf({ guard, kind }: GuardDescription): string {
  if (kind === "enrichment") return "write enrich: async (principal) => …";
  if (PARTS.includes(guard)) return `give its options as ${guard}: { … }`;
  return kind === "preset"
    ? `leave ${guard} out and give its authenticate here`
    : `mount ${guard} behind secureApi`;
}

function asWay(step: Middleware, entry: Middleware): Middleware {
  const way = createCallerWay(nameOf(entry));
  const asked: Middleware = (req, res, next) => {
    enterWay(req, way);
    step(req, res, next);
  };
  return markAs(asked as RequestHandler, step) as Middleware;
}

/** One entry is one way, in whatever presets it stands. Other copies of this library share the requests, not this map. */
const names = new WeakMap<Middleware, string>();

function nameOf(entry: Middleware): string {
  let name = names.get(entry);
  if (name === undefined) {
    name = `authenticate ${randomUUID()}`;
    names.set(entry, name);
  }
  return name;
}

function leaveWays(...[req, , next]: Parameters<Middleware>): void {
  enterWay(req, undefined);
  next();
}
