/**
 * Reads a URL that keys or metadata may be fetched from: `https:`, or `http:` on this machine; no
 * user information.
 *
 * @returns The URL, or what it must be instead.
 */
export function readSecureUrl(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "an absolute URL";
  if (url.username !== "" || url.password !== "") return "a URL without user information";
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url))) return url;
  return "an https: URL (http: only on localhost, 127.0.0.0/8 or [::1])";
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
