import type { Request } from "express";
import { isSafeMethod, isUnsafe } from "../../core/http/first-party.js";
import { parseOriginEntry } from "../../core/http/origins/origin-entry.js";
import { covers, opens, type PathPattern, restricts } from "../../core/http/path-pattern.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import { hasAmbientCredential } from "./ambient-credential.js";

/** Options of the cross-origin guard. */
export interface CrossOriginGuardOptions {
  /**
   * Patterns of paths that accept requests from other sites, such as `"POST /payments/return"`. Only the exact
   * spelling of a path matches.
   */
  readonly exempt?: string | readonly string[] | undefined;
  /**
   * Patterns of paths that accept no unsafe request from other sites, whatever it carries: a login form, which a foreign
   * page could send with an account of its own. Letter case and slashes do not matter. `exempt` makes exceptions.
   */
  readonly always?: string | readonly string[] | undefined;
  /**
   * The origins of the server itself, such as `"https://api.example.com"`. Browsers without `Sec-Fetch-Site` are judged by
   * `Origin`, which is compared with this list, and not with the host of the request.
   */
  readonly origin?: string | readonly string[] | undefined;
  /**
   * Refuses safe requests of other sites as well, unless somebody opens a page or `cors` lists the origin: no page of
   * another site can load an image, a script or data from here (resource isolation). Browsers without `Sec-Fetch-Site`
   * are not checked. Answers get `Vary` with the fields that it looks at. @default false
   */
  readonly isolation?: boolean | undefined;
}

/** What the guard finds about a request that may come from a page of another origin. */
type CrossOriginVerdict =
  | { readonly blocked: false; readonly reason: "no_ambient_credential" | "exempt_path" }
  | { readonly blocked: true; readonly reason: BlockReason };

type BlockReason =
  | "cross_site"
  | "same_site"
  | "null_origin"
  | "origin_mismatch"
  | "credentials_not_allowed"
  | "isolated_resource";

/** What is known of the origin: not on the CORS list, on it, or on it with credentials. */
export type OriginRank = "foreign" | "listed" | "trusted";

/** The guard itself. It looks at requests of other origins only. */
export interface CrossOriginGuard {
  /** The origins of the server itself; `undefined` where the host of the request tells. */
  readonly own: ReadonlySet<string> | undefined;
  /** Whether it isolates: answers to GET then depend on what the browser says. */
  readonly isolates: boolean;
  /** @returns `undefined` when it has nothing to ask. */
  judge(req: Request, rank: OriginRank): CrossOriginVerdict | undefined;
  /** Why the upgrade of a connection is refused to a page of another origin, `undefined` when it is not. */
  judgeUpgrade(req: Request, rank: OriginRank): BlockReason | undefined;
  /** The patterns of paths where it asks for no credential. */
  readonly always: readonly PathPattern[];
}

const NO_CREDENTIAL: CrossOriginVerdict = Object.freeze({
  blocked: false,
  reason: "no_ambient_credential",
});
const EXEMPT: CrossOriginVerdict = Object.freeze({ blocked: false, reason: "exempt_path" });
const ISOLATED: CrossOriginVerdict = Object.freeze({ blocked: true, reason: "isolated_resource" });
/** Opened inside a page, which sees how large it is and whether it is there. */
const EMBEDDED: ReadonlySet<unknown> = new Set(["object", "embed"]);

/** What other packages call it. */
export const CROSS_ORIGIN_GUARD_HINTS: Hints<CrossOriginGuardOptions> = {
  except: "exempt",
  bypass: "exempt",
  ignore: "exempt",
  include: "always",
  paths: "always",
  origins:
    "write origin for those of the server itself, cors: { origins, credentials: true } for others",
  trustedOrigins: "write cors: { origins, credentials: true }, which trusts them",
  isolate: "write isolation: true, which refuses what pages of other sites load",
};

/** The options; `always` and `isolation` restrict, and `origin` takes the place of what the client says. */
const KEYS: OptionKeys<CrossOriginGuardOptions> = {
  exempt: true,
  always: "neverUndefined",
  origin: "neverUndefined",
  isolation: "neverUndefined",
};

/** Reads `crossOriginGuard`. @returns `undefined` when it is off. Problems are noted. */
export function readCrossOriginGuard(
  reader: OptionsReader<"crossOriginGuard">,
  hasOrigins: boolean,
): CrossOriginGuard | undefined {
  const given = reader.raw("crossOriginGuard");
  if (given === false || (given === undefined && !hasOrigins)) return undefined;
  if (given === undefined || given === true) return createCrossOriginGuard({});
  if (!isPlainObject(given)) {
    reader.problem("crossOriginGuard", "true, false or an options object");
    return undefined;
  }
  const own = reader.nested<CrossOriginGuardOptions>(
    "crossOriginGuard",
    given,
    KEYS,
    CROSS_ORIGIN_GUARD_HINTS,
  );
  const exempt = readPathPatterns(own, "exempt", "write crossOriginGuard: false") ?? [];
  return createCrossOriginGuard({
    exempt,
    always: readAlways(own, exempt),
    own: readOwnOrigins(own),
    isolates: own.boolean("isolation"),
  });
}

function readOwnOrigins(reader: OptionsReader<"origin">): ReadonlySet<string> | undefined {
  const texts = reader.strings("origin", {
    instead: 'write an origin, such as "https://api.example.com"',
    check(text) {
      if (text === "*") return 'must not be "*": name the origins of the server itself';
      const entry = parseOriginEntry(text);
      if (isRefused(entry)) return entry.refused;
      return entry.pattern === undefined
        ? undefined
        : 'must not have "*": name the origins of the server itself';
    },
  });
  return texts === undefined ? undefined : new Set(texts);
}

function readAlways(
  reader: OptionsReader<"always">,
  exempt: readonly PathPattern[],
): readonly PathPattern[] {
  const always = readPathPatterns(reader, "always") ?? [];
  for (const [index, pattern] of always.entries()) {
    const { method } = pattern;
    const key = `always[${index}]` as "always";
    if (method !== undefined && isSafeMethod(method))
      reader.note(key, `must have a method that changes something, or none: ${method} does not`);
    if (exempt.some((other) => covers(other, pattern)))
      reader.note(key, "must not be in exempt as well: that would take its effect away");
  }
  return always;
}

/** Makes the guard; without settings, one that compares `Origin` with the host of the request. */
export function createCrossOriginGuard({
  exempt = [],
  always = [],
  own,
  isolates = false,
}: {
  readonly exempt?: readonly PathPattern[];
  readonly always?: readonly PathPattern[];
  readonly own?: ReadonlySet<string> | undefined;
  readonly isolates?: boolean;
}): CrossOriginGuard {
  function isExempt(req: Request): boolean {
    return exempt.some((pattern) => opens(pattern, req));
  }

  function judgeUnsafe(req: Request, rank: OriginRank): CrossOriginVerdict {
    if (!hasAmbientCredential(req) && !always.some((pattern) => restricts(pattern, req)))
      return NO_CREDENTIAL;
    return isExempt(req) ? EXEMPT : { blocked: true, reason: blockReason(req, rank) };
  }

  return {
    own,
    isolates,
    always,
    judge(req, rank) {
      if (rank === "trusted") return undefined;
      const unsafe = isUnsafe(req) ? judgeUnsafe(req, rank) : undefined;
      if (unsafe !== undefined && unsafe.reason !== "no_ambient_credential") return unsafe;
      if (!isolates || rank !== "foreign" || !isIsolated(req)) return unsafe;
      return isExempt(req) ? EXEMPT : ISOLATED;
    },
    judgeUpgrade(req, rank) {
      if (rank === "trusted" || (rank === "listed" && !hasAmbientCredential(req))) return undefined;
      return isExempt(req) ? undefined : blockReason(req, rank);
    },
  };
}

/**
 * Whether a page of another site wants to load this, other than by opening it.
 *
 * @see https://web.dev/articles/fetch-metadata
 */
function isIsolated({ method, headers }: Request): boolean {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-site") return false;
  const isOpened =
    headers["sec-fetch-mode"] === "navigate" && (method === "GET" || method === "HEAD");
  return !isOpened || EMBEDDED.has(headers["sec-fetch-dest"]);
}

function blockReason(req: Request, rank: OriginRank): BlockReason {
  if (rank === "listed") return "credentials_not_allowed";
  if (req.headers.origin === "null") return "null_origin";
  const site = req.headers["sec-fetch-site"];
  if (site === undefined) return "origin_mismatch";
  return site === "same-site" ? "same_site" : "cross_site";
}
