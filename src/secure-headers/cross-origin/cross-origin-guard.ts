import type { Request } from "express";
import { METHOD_OVERRIDE_FIELDS, opens, type PathPattern } from "../../core/http/path-pattern.js";
import { readPathPatterns } from "../../core/http/read-path-patterns.js";
import { requestHost } from "../../core/http/request-host.js";
import type { Hints } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/plain-object.js";
import { hasAmbientCredential } from "./ambient-credential.js";

/** Options of the cross-origin guard. */
export interface CrossOriginGuardOptions {
  /**
   * Path patterns that take requests of other sites, such as `"POST /payments/return"`: exact spelling, one reading
   * of the path only.
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

/** RFC 9110 §9.2.1. QUERY is safe by definition, but not all servers know that yet: here it counts as unsafe. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

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
  return createCrossOriginGuard(readPathPatterns(own, "exempt") ?? []);
}

/** Whether the request may change something, by its method or by one that replaces it later. */
export function isUnsafe(req: Request): boolean {
  if (!SAFE_METHODS.has(req.method)) return true;
  for (const field of METHOD_OVERRIDE_FIELDS) if (req.headers[field] !== undefined) return true;
  return /[?&]_method/i.test(withPlainAscii(req.originalUrl));
}

/**
 * Whether the request comes from no page at all or from one of this origin, so that the guard has nothing to ask.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isFirstParty(req: Request): boolean {
  const site = req.headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const { origin } = req.headers;
  return origin === undefined || isOwnOrigin(origin, req);
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

/** The text with percent-encoded ASCII decoded: `_%6dethod` is `_method` to every query parser. */
function withPlainAscii(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function blockReason(req: Request, listed: boolean): BlockReason {
  if (listed) return "credentials_not_allowed";
  if (req.headers.origin === "null") return "null_origin";
  const site = req.headers["sec-fetch-site"];
  if (site === undefined) return "origin_mismatch";
  return site === "same-site" ? "same_site" : "cross_site";
}

/** Compares text with text: parsing is what lets `http://evil@victim` through. */
function isOwnOrigin(origin: string, req: Request): boolean {
  const host = requestHost(req)?.toLowerCase();
  if (host === undefined || host === "") return false;
  // Behind a proxy that ends TLS unannounced, pages of this host have an https origin: no worse than the http one.
  return origin === `https://${host}` || (!req.secure && origin === `http://${host}`);
}
