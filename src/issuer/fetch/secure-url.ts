import { type Refused, refused } from "../../core/refusal/refused.js";

/**
 * A URL that keys or metadata may be fetched from: `https:`, or `http:` on this machine or on hosts
 * that the app names; no user information. Refused with what it must be instead.
 *
 * @param httpHosts - Hosts, with their port, that may be `http:`.
 */
export function parseSecureUrl(text: string, httpHosts: readonly string[]): URL | Refused {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return refused("an absolute URL");
  if (url.username !== "" || url.password !== "") return refused("a URL without user information");
  if (url.protocol === "https:") return url;
  if (url.protocol === "http:" && (isLoopback(url) || httpHosts.includes(url.host))) return url;
  return refused("an https: URL (http: only on localhost, 127.0.0.0/8 or [::1])");
}

/**
 * Whether the host is exactly `localhost`, 127.0.0.0/8 or `[::1]`; `URL` has normalised the
 * spelling of addresses.
 */
export function isLoopback(url: URL): boolean {
  return (
    url.hostname === "localhost" ||
    url.hostname === "[::1]" ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(url.hostname)
  );
}
