import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { normalizeAddress } from "../../core/http/client-address.js";
import type { Settings } from "./read-settings.js";

/** Weak: a store that is gone leaves nothing. */
const usedStores = new WeakSet<object>();

/** Warns (`process.emitWarning`) of options that are right one by one and wrong here. */
export function warnAboutOptions({ limit, store, warns }: Settings, options: unknown): void {
  if (limit === 0 && warns("limit")) {
    warn(
      "EXPRESS_SECURE_API_LIMIT_ZERO",
      "rateLimit: limit is 0, so every request is refused. Is it read from a variable that is not set?",
    );
  }
  if (isUnset(options, "store")) {
    warn(
      "EXPRESS_SECURE_API_STORE_UNSET",
      "rateLimit: store is undefined, so each process counts for itself. Is it made only if a variable is set? Where that is meant, leave store out.",
    );
  }
  if (store === undefined) return;
  if (usedStores.has(store) && warns("unsharedStore")) {
    warn(
      "EXPRESS_SECURE_API_STORE_SHARED",
      "rateLimit: a store is used by several limiters. Their requests count together, in the window of the limiter that was made last: make a store for each, with a prefix of its own.",
    );
  }
  usedStores.add(store);
}

/** Warns that two limiters count one request twice, because their stores use the same keys. */
export function warnAboutDoubleCount(req: Request): void {
  warnAboutApp(
    req,
    "EXPRESS_SECURE_API_DOUBLE_COUNT",
    "rateLimit: two limiters counted one request under the same key of the same database, so it counts twice for both. Give each store a prefix of its own.",
  );
}

/** Warns of a `keyGenerator` that gives each IPv6 address a quota of its own. */
export function warnAboutAddressKey(req: Request, key: string): void {
  if (!key.includes(":") || key !== req.ip || normalizeAddress(key)?.includes(":") !== true) return;
  warnAboutApp(
    req,
    "EXPRESS_SECURE_API_WHOLE_ADDRESS_KEY",
    "rateLimit: keyGenerator returns the whole IPv6 address of the client, which has any number of them and so any number of quotas. Return ipKeyGenerator(req.ip) in its place.",
  );
}

function isUnset(options: unknown, name: string): boolean {
  return (
    typeof options === "object" &&
    options !== null &&
    Object.hasOwn(options, name) &&
    (options as Readonly<Record<string, unknown>>)[name] === undefined
  );
}

function warn(code: string, message: string): void {
  process.emitWarning(message, { code, type: "SecurityWarning" });
}
