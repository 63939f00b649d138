import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";

const NOT_TRUSTED =
  'secureHeaders: a request says that it came over TLS (X-Forwarded-Proto or Forwarded), but req.secure is false, so Strict-Transport-Security is not sent. If a proxy ends TLS in front, set "trust proxy" to the number of proxies or to their networks, and let it send X-Forwarded-Proto, the only one that Express reads; or write hsts: { always: true }. If there is no proxy, ignore this.';

/**
 * Warns, once per app, when a proxy seems to end TLS and Express does not believe it. Anybody can send such a field, so
 * it changes nothing else.
 */
export function createTlsCheck(): (req: Request) => void {
  let seen = false;
  return function checkTls(req) {
    if (seen || !claimsTls(req) || req.secure) return;
    seen = true;
    warnAboutApp(req, "EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_PROTO", NOT_TRUSTED);
  };
}

function claimsTls(req: Request): boolean {
  const { "x-forwarded-proto": proto, forwarded } = req.headers;
  // Express takes the first one.
  if (proto !== undefined) return /^\s*https\s*(?:,|$)/i.test(String(proto));
  return forwarded !== undefined && /(?:^|[;,\s])proto="?https(?:["\s;,]|$)/i.test(forwarded);
}
