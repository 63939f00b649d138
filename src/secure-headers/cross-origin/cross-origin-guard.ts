import type { Request } from "express";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import type { Hints } from "../../core/options/option-types.js";
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
};

/** Reads `crossOriginGuard`. @returns `undefined` when it is off. Problems are noted. */
export function readCrossOriginGuard(
  reader: OptionsReader<"crossOriginGuard">,
  hasOrigins: boolean,
): CrossOriginGuard | undefined {
  const given = reader.raw("crossOriginGuard");
  if (given === false || (given === undefined && !hasOrigins)) return undefined;
  if (given === undefined || given === true) return createCrossOriginGuard([]);
  if (!isPlainObject(given)) {
    reader.problem("crossOriginGuard", "true, false or an options object");
    return undefined;
  }
  const own = reader.nested<CrossOriginGuardOptions>(
    "crossOriginGuard",
    given,
    { exempt: true },
    CROSS_ORIGIN_GUARD_HINTS,
  );
  return createCrossOriginGuard(
    readPathPatterns(own, "exempt", "write crossOriginGuard: false") ?? [],
  );
}

function createCrossOriginGuard(exempt: readonly PathPattern[]): CrossOriginGuard {
  return {
    judge(req, listed) {
      if (!hasAmbientCredential(req)) return NO_CREDENTIAL;
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
