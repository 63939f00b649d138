import type { Request } from "express";

/** What load balancers say beside `X-Forwarded-Proto`, which is the only one that Express reads. */
const CLAIMS: readonly (readonly [field: string, value: RegExp])[] = [
  ["x-forwarded-proto", /^\s*https\s*(?:,|$)/i],
  ["forwarded", /(?:^|[;,\s])proto="?https(?:["\s;,]|$)/i],
  ["x-forwarded-scheme", /^\s*https/i],
  ["x-forwarded-protocol", /^\s*https/i],
  // A load balancer in front of a proxy that replaces X-Forwarded-Proto by what it spoke with the balancer.
  ["x-forwarded-port", /^\s*443\s*(?:,|$)/],
  ["x-scheme", /^\s*https/i],
  ["x-forwarded-ssl", /^\s*on/i],
  ["x-url-scheme", /^\s*https/i],
  ["front-end-https", /^\s*on/i],
  ["cloudfront-forwarded-proto", /^\s*https/i],
  ["cf-visitor", /https/i],
  ["x-arr-ssl", /./],
  ["fastly-ssl", /./],
];

/** What proxies send with every request. One of these without `X-Forwarded-Proto` does not say what the client spoke. */
const OF_PROXIES = [
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-real-ip",
  "forwarded",
  "via",
  "cdn-loop",
  "cf-connecting-ip",
  "x-amzn-trace-id",
];

/** Browsers send them over TLS and to `localhost` only (https://www.w3.org/TR/fetch-metadata/#set-site). */
const OVER_TLS_ONLY = ["sec-fetch-site", "sec-fetch-mode"];

/**
 * Whether a request that Express takes for plain HTTP may have come to a proxy over TLS: it says so, its proxy says
 * nothing, or a browser would not have sent it like this otherwise. Anybody can send such fields, so it only refuses more.
 */
export function mayHaveBeenTls(req: Request): boolean {
  const { headers } = req;
  if (req.httpVersionMajor >= 2 && headers[":scheme"] === "https") return true;
  if (OVER_TLS_ONLY.some((name) => headers[name] !== undefined)) return true;
  for (const [name, value] of CLAIMS) {
    const field = headers[name];
    if (field !== undefined && value.test(String(field))) return true;
  }
  if (headers["x-forwarded-proto"] !== undefined) return false;
  // nginx speaks it to what is behind it unless it is told otherwise, and no browser does.
  if (req.httpVersion === "1.0") return true;
  return OF_PROXIES.some((name) => headers[name] !== undefined);
}
