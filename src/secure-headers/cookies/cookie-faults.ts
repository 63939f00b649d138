import { isReadByScripts, isSessionName } from "./session-name.js";
import type { SetCookie } from "./set-cookie.js";

/** What a cookie should have had. */
export interface CookieFaults {
  /** Attributes to add, as they are written. */
  readonly missing: readonly string[];
  /** What nobody but the app can put right, in words. */
  readonly wrong: readonly string[];
}

const SAME_SITE: ReadonlySet<string | undefined> = new Set(["strict", "lax", "none"]);
const NO_FAULTS: CookieFaults = Object.freeze({ missing: [], wrong: [] });

/**
 * What a cookie lacks that stands for a user, or whose name promises something (`__Host-`, `__Secure-`). Of all others nothing
 * is asked. Of one that is being deleted, only what its name promises: browsers would keep the old one otherwise.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis-22#section-4.1.3
 */
export function cookieFaults(cookie: SetCookie, overTls: boolean): CookieFaults {
  const { name, empty, attributes } = cookie;
  const isHost = /^__host-/i.test(name);
  const isPrefixed = isHost || /^__secure-/i.test(name);
  const isSession = !empty && isSessionName(name);
  if (!(isSession || isPrefixed)) return NO_FAULTS;
  const missing: string[] = [];
  const wrong: string[] = [];
  if (isSession && !attributes.has("httponly") && !isReadByScripts(name)) missing.push("HttpOnly");
  const needsSecure = isPrefixed || (isSession && overTls);
  if (needsSecure && !attributes.has("secure")) missing.push("Secure");
  if (isSession && !SAME_SITE.has(attributes.get("samesite"))) missing.push("SameSite=Lax");
  if (isHost && attributes.get("path") !== "/") wrong.push("Path=/");
  if (isHost && (attributes.get("domain") ?? "") !== "") wrong.push("no Domain");
  return { missing, wrong };
}
