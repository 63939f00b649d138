import type { Request, Response } from "express";
import { isForPublicName, isPinnable } from "../../core/http/request-host.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { HeaderSettings } from "./helmet-options.js";
import { keepPoweredByAway } from "./powered-by.js";
import type { CacheControl } from "./presets.js";
import { createTlsCheck } from "./tls-check.js";

/** Puts headers that were computed at start-up on a response. */
export type HeaderWriter = (req: Request, res: Response) => void;

const HSTS = "Strict-Transport-Security";
const CSP = "Content-Security-Policy";
const CSP_REPORT_ONLY = "Content-Security-Policy-Report-Only";

/** The policy that a `secureHeaders` in front tries out: the inner one replaces it, as it would when enforcing. */
const triedOut = requestSlot<string>("triedOutPolicy");

/** Writes all headers; `Strict-Transport-Security` only over TLS (RFC 6797 §7.2), unless the settings say otherwise. */
export function createHeaderWriter(
  headers: HeaderSettings,
  cacheControl: CacheControl,
): HeaderWriter {
  const { hstsPlaces, policyOverTls } = headers;
  const everywhere = hstsPlaces === "everywhere";
  const hsts = everywhere ? undefined : headers.set.get(HSTS);
  const fields = [...headers.set].filter(([name]) => everywhere || name !== HSTS);
  if (cacheControl === "no-store") fields.push(["Cache-Control", "no-store"]);
  const authenticated = cacheControl === "authenticated";
  const names = fields.map(([name]) => name);
  const values = fields.map(([, value]) => value);
  const removed = [...headers.removed];
  const unnamed = removed.some((name) => name.toLowerCase() === "x-powered-by");
  const checkTls = createTlsCheck();

  return function writeHeaders(req, res) {
    for (let index = 0; index < names.length; index += 1) {
      res.setHeader(names[index] as string, values[index] as string);
    }
    for (let index = 0; index < removed.length; index += 1)
      res.removeHeader(removed[index] as string);
    if (unnamed) keepPoweredByAway(req);
    if (authenticated && isAuthenticated(req)) res.setHeader("Cache-Control", "no-store");
    if (hsts === undefined && policyOverTls === undefined) return;
    const pinnable = isPinnable(req);
    if (policyOverTls !== undefined && pinnable) res.setHeader(CSP, policyOverTls);
    if (hsts === undefined) return;
    if (pinnable || (hstsPlaces === "always" && isForPublicName(req))) res.setHeader(HSTS, hsts);
    else if (hstsPlaces === "overTls") checkTls(req);
  };
}

/**
 * Writes only what changes nothing: the content policy as report-only, unless the app tries out one of its own. What would keep
 * `Strict-Transport-Security` away is told already.
 */
export function createReportOnlyWriter(headers: HeaderSettings): HeaderWriter {
  // Browsers ignore this directive in a policy that only reports, and say so on every page.
  const policy = (headers.set.get(CSP) ?? headers.set.get(CSP_REPORT_ONLY))
    ?.split(";")
    .filter((directive) => directive !== "upgrade-insecure-requests")
    .join(";");
  const checkTls =
    headers.set.has(HSTS) && headers.hstsPlaces === "overTls" ? createTlsCheck() : undefined;

  return function writeReportOnlyHeaders(req, res) {
    checkTls?.(req);
    const current = res.getHeader(CSP_REPORT_ONLY);
    if (policy === undefined || (current !== undefined && current !== triedOut.get(req))) return;
    res.setHeader(CSP_REPORT_ONLY, policy);
    triedOut.set(req, policy);
  };
}

/** Whether the answer may be for one user alone. */
function isAuthenticated({ headers }: Request): boolean {
  return headers.cookie !== undefined || headers.authorization !== undefined;
}
