import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";

/** Public addresses that no single proxy network holds. */
const STRANGERS = ["8.8.4.4", "192.0.2.1", "203.0.113.7"] as const;
/** No chain of proxies is this long: what is trusted here is trusted anywhere. */
const FAR_HOP = 1000;

/** What is looked at. */
interface ProxyChecks {
  /** Whether the setting trusts everybody. @default true */
  readonly permissive?: boolean;
  /** Whether forwarded addresses are ignored. @default true */
  readonly untrusted?: boolean;
}

/**
 * Looks at Express's `trust proxy` setting when the first request comes, and once more when the first one with
 * `X-Forwarded-For` does. Each warning (`process.emitWarning`) is given once per app; traffic is never refused.
 */
export function createProxyCheck({
  permissive = true,
  untrusted = true,
}: ProxyChecks = {}): (req: Request) => void {
  let settingSeen = !permissive;
  let forwardedSeen = !untrusted;
  return function checkProxy(req) {
    if (!settingSeen) {
      settingSeen = true;
      if (trustsAnybody(req)) warnPermissive(req);
    }
    if (!forwardedSeen && req.headers["x-forwarded-for"] !== undefined) {
      forwardedSeen = true;
      if (trustsNobody(req)) warnUntrusted(req);
    }
  };
}

function trustsAnybody(req: Request): boolean {
  const trusts = setting(req, "trust proxy fn");
  if (typeof trusts !== "function") return false;
  try {
    return STRANGERS.every((address) => trusts(address, FAR_HOP) === true);
  } catch {
    // A function of the app that cannot cope with our question says nothing about its answers to real ones.
    return false;
  }
}

function trustsNobody(req: Request): boolean {
  // Without an app there is no setting that could be wrong, and without an address there is another warning.
  if (req.app === undefined || req.socket?.remoteAddress === undefined) return false;
  const value = setting(req, "trust proxy");
  return value === false || value === undefined || value === 0;
}

function setting(req: Request, name: string): unknown {
  const { app } = req as { app?: { get?: unknown } };
  return typeof app?.get === "function" ? app.get(name) : undefined;
}

function warnPermissive(req: Request): void {
  warnAboutApp(
    req,
    "EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY",
    'rateLimit: "trust proxy" trusts every address, so a client chooses its own address with X-Forwarded-For and escapes limits by address. Set it to the number of proxies or to their networks.',
  );
}

function warnUntrusted(req: Request): void {
  warnAboutApp(
    req,
    "EXPRESS_SECURE_API_UNTRUSTED_FORWARDED_FOR",
    'rateLimit: a request carries X-Forwarded-For, but "trust proxy" is off. If a proxy stands in front, all its clients share one limit: set "trust proxy" to the number of proxies or to their networks. If none does, ignore this.',
  );
}
