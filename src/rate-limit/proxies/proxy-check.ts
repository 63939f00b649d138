import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { createChainCheck } from "./forwarded-chain.js";
import { createUnreadCheck } from "./unread-fields.js";

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
  /** Whether the client is named in fields that nobody reads. @default true */
  readonly unread?: boolean;
}

/**
 * Looks at Express's `trust proxy` setting when the first request comes, and once more when the first ones with
 * `X-Forwarded-For` do, or with another field that names the client. Each warning (`process.emitWarning`) is given once per app; traffic is never refused.
 */
export function createProxyCheck({
  permissive = true,
  untrusted = true,
  unread = true,
}: ProxyChecks = {}): (req: Request) => void {
  let checkChain: ((req: Request) => boolean) | undefined;
  let settingSeen = !permissive;
  let forwardedSeen = !untrusted;
  let checkUnread = unread ? createUnreadCheck() : undefined;

  function checkForwarded(req: Request): void {
    if (checkChain === undefined) {
      const trustsNone = trustsNobody(req);
      if (trustsNone) warnUntrusted(req);
      forwardedSeen = trustsNone || trustsAnybody(req);
      if (forwardedSeen) return;
      checkChain = createChainCheck();
    }
    forwardedSeen = !checkChain(req);
  }

  return function checkProxy(req) {
    if (!settingSeen) {
      settingSeen = true;
      if (trustsAnybody(req)) warnPermissive(req);
    }
    if (forwardedSeen && checkUnread === undefined) return;
    if (req.headers["x-forwarded-for"] !== undefined) {
      checkUnread = undefined;
      if (!forwardedSeen) checkForwarded(req);
    } else if (checkUnread?.(req) === false) checkUnread = undefined;
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
