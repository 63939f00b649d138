import type { Request } from "express";
import { requestHost } from "./request-host.js";

/** RFC 9110 §9.2.1. QUERY is safe by definition, but not all servers know that yet: here it counts as unsafe. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Fields by which method-override packages replace the method later. */
const METHOD_OVERRIDE_FIELDS = [
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
] as const;

/** Whether requests with this method change nothing. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Whether the request may change something, by its method or by one that replaces it later. */
export function isUnsafe(req: Request): boolean {
  return !isSafeMethod(req.method) || overridesMethod(req);
}

/**
 * Whether the request names another method, by a field or by `_method` in its query: packages for HTML forms take that
 * for the method. Such a member of the body is not looked at. Nor is `get` the method GET (RFC 9110 §9.1), but Express
 * calls the handlers of GET for it: Node.js lets nothing of the kind in over HTTP/1, and everything over HTTP/2.
 */
export function overridesMethod(req: Request): boolean {
  if (req.method !== req.method.toUpperCase()) return true;
  for (const field of METHOD_OVERRIDE_FIELDS) if (req.headers[field] !== undefined) return true;
  // Query parsers read `url`, which something may have rewritten.
  const { url = "", originalUrl = url } = req;
  return namesMethod(originalUrl) || namesMethod(url);
}

function namesMethod(url: string): boolean {
  const query = url.indexOf("?");
  // To qs, which Express 4 reads queries with, `[_method]` is `_method`.
  return query !== -1 && /[?&][[\]]*_method/i.test(withPlainAscii(url.slice(query)));
}

/**
 * Whether the request comes from no page at all or from one of this origin, so that the guard has nothing to ask.
 *
 * @param own - The origins of the server itself. Without it, the host that the client asked for tells.
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isFirstParty(req: Request, own?: ReadonlySet<string>): boolean {
  const site = req.headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const { origin } = req.headers;
  if (origin === undefined) return true;
  return own === undefined ? isOwnOrigin(origin, req) : isNamed(origin, own, req);
}

/** A page over plain HTTP is none of a server that is asked over TLS: anybody on the network can write it. */
function isNamed(origin: string, own: ReadonlySet<string>, req: Request): boolean {
  return own.has(origin) && !(req.secure && origin.startsWith("http:"));
}

/** The text with percent-encoded ASCII decoded: `_%6dethod` is `_method` to every query parser. */
function withPlainAscii(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Compares text with text: parsing is what lets `http://evil@victim` through. */
function isOwnOrigin(origin: string, req: Request): boolean {
  const host = requestHost(req)?.toLowerCase();
  if (host === undefined || host === "") return false;
  // Behind a proxy that ends TLS unannounced, pages of this host have an https origin: no worse than the http one.
  return (
    isOriginOf("https://", host, origin) || (isOriginOf("http://", host, origin) && !req.secure)
  );
}

/** Lengths differ nearly always, and then no text is made. */
function isOriginOf(scheme: string, host: string, origin: string): boolean {
  return origin.length === scheme.length + host.length && origin === scheme + host;
}
