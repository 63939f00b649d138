import type { Request } from "express";
import { isSafeMethod } from "../../core/http/first-party.js";
import { covers, opens, type PathPattern, restricts } from "../../core/http/path-pattern.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";
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
  | "credentials_not_allowed";

/** The guard itself. It looks at unsafe requests of other origins only. */
export interface CrossOriginGuard {
  /** @param listed - Whether the origin is on the CORS list. */
  judge(req: Request, listed: boolean): CrossOriginVerdict;
  /** The patterns of paths where it asks for no credential. */
  readonly always: readonly PathPattern[];
}

const NO_CREDENTIAL: CrossOriginVerdict = Object.freeze({
  blocked: false,
  reason: "no_ambient_credential",
});
const EXEMPT: CrossOriginVerdict = Object.freeze({ blocked: false, reason: "exempt_path" });

/** What other packages call it. */
export const CROSS_ORIGIN_GUARD_HINTS: Hints<CrossOriginGuardOptions> = {
  except: "exempt",
  bypass: "exempt",
  ignore: "exempt",
  include: "always",
  paths: "always",
};

/** The options; `always` restricts. */
const KEYS: OptionKeys<CrossOriginGuardOptions> = { exempt: true, always: "neverUndefined" };

/** Reads `crossOriginGuard`. @returns `undefined` when it is off. Problems are noted. */
export function readCrossOriginGuard(
  reader: OptionsReader<"crossOriginGuard">,
  hasOrigins: boolean,
): CrossOriginGuard | undefined {
  const given = reader.raw("crossOriginGuard");
  if (given === false || (given === undefined && !hasOrigins)) return undefined;
  if (given === undefined || given === true) return createCrossOriginGuard([], []);
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
  return createCrossOriginGuard(exempt, readAlways(own, exempt));
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

function createCrossOriginGuard(
  exempt: readonly PathPattern[],
  always: readonly PathPattern[],
): CrossOriginGuard {
  return {
    always,
    judge(req, listed) {
      if (!hasAmbientCredential(req) && !always.some((pattern) => restricts(pattern, req)))
        return NO_CREDENTIAL;
      for (const pattern of exempt) if (opens(pattern, req)) return EXEMPT;
      return { blocked: true, reason: blockReason(req, listed) };
    },
  };
}

function blockReason(req: Request, listed: boolean): BlockReason {
  if (listed) return "credentials_not_allowed";
  if (req.headers.origin === "null") return "null_origin";
  const site = req.headers["sec-fetch-site"];
  if (site === undefined) return "origin_mismatch";
  return site === "same-site" ? "same_site" : "cross_site";
}
