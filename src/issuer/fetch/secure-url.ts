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

/** What is wrong with a host that an app names for `http:`: it is spelt as URLs spell it, with the port unless that is 80. */
export function httpHostFault(entry: string): string | undefined {
  const text = entry.replace(/^http:\/\//i, "").replace(/\/$/, "");
  const url = URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined;
  const isHost = /^(?:[a-z\d._-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(text);
  if (!isHost || url === undefined) return 'must be a host with its port, such as "keycloak:8080"';
  if (url.host === entry) return undefined;
  return "must be the host alone, in lower case, with its port unless that is 80";
}
