import type { Request, Response } from "express";
import { isForPublicName, isPinnable } from "../../core/http/request-host.js";
import type { HeaderSettings } from "./helmet-options.js";
import { keepPoweredByAway } from "./powered-by.js";
import { createTlsCheck } from "./tls-check.js";

/** Puts headers that were computed at start-up on a response. */
export type HeaderWriter = (req: Request, res: Response) => void;

const HSTS = "Strict-Transport-Security";
const CSP = "Content-Security-Policy";
const CSP_REPORT_ONLY = "Content-Security-Policy-Report-Only";

/** Writes all headers; `Strict-Transport-Security` only over TLS (RFC 6797 §7.2), unless the settings say `always`. */
export function createHeaderWriter(
  headers: HeaderSettings,
  cacheControl: string | undefined,
): HeaderWriter {
  const hsts = headers.set.get(HSTS);
  const fields = [...headers.set].filter(([name]) => name !== HSTS);
  if (cacheControl !== undefined) fields.push(["Cache-Control", cacheControl]);
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
    if (hsts === undefined) return;
    if (isPinnable(req) || (headers.hstsAlways && isForPublicName(req))) res.setHeader(HSTS, hsts);
    else if (!headers.hstsAlways) checkTls(req);
  };
}

/**
 * Writes only what changes nothing: the content policy as report-only, unless the app has one of its own. What would keep
 * `Strict-Transport-Security` away is told already.
 */
export function createReportOnlyWriter(headers: HeaderSettings): HeaderWriter {
  const policy = headers.set.get(CSP) ?? headers.set.get(CSP_REPORT_ONLY);
  const checkTls = headers.set.has(HSTS) && !headers.hstsAlways ? createTlsCheck() : undefined;

  return function writeReportOnlyHeaders(req, res) {
    checkTls?.(req);
    if (policy !== undefined && !res.hasHeader(CSP_REPORT_ONLY))
      res.setHeader(CSP_REPORT_ONLY, policy);
  };
}
