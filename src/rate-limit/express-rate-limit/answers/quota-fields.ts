import { hash } from "node:crypto";
import type { Response } from "express";
import { sfString } from "../../../core/http/header-values.js";
import type { DraftHeadersVersion, RateLimitInfo } from "../options/options.js";

/** `X-RateLimit-*`. With a reset there is a `Date` as well, for clients whose clock is wrong. */
export function setLegacyFields(
  res: Response,
  { limit, remaining, resetTime }: RateLimitInfo,
): void {
  res.setHeader("X-RateLimit-Limit", String(limit));
  res.setHeader("X-RateLimit-Remaining", String(remaining));
  if (resetTime === undefined) return;
  res.setHeader("Date", new Date().toUTCString());
  res.setHeader("X-RateLimit-Reset", String(Math.ceil(resetTime.getTime() / 1000)));
}

/**
 * The fields of a draft of the IETF, to the letter as express-rate-limit sends them. Those of several limiters with
 * `"draft-8"` stand one after the other.
 *
 * @param name - Of the quota; only with `"draft-8"`.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-08
 */
export function setDraftFields(
  res: Response,
  draft: DraftHeadersVersion,
  info: RateLimitInfo,
  windowMs: number,
  name: string,
): void {
  const { limit, remaining } = info;
  const window = Math.ceil(windowMs / 1000);
  const reset = resetSeconds(info.resetTime, windowMs);
  if (draft === "draft-8") {
    const quoted = sfString(name);
    res.append("RateLimit", `${quoted}; r=${remaining}; t=${reset}`);
    const policy = `${quoted}; q=${limit}; w=${window}; pk=:${partitionKey(info.key)}:`;
    res.append("RateLimit-Policy", policy);
    return;
  }
  res.setHeader("RateLimit-Policy", `${limit};w=${window}`);
  if (draft === "draft-7") {
    res.setHeader("RateLimit", `limit=${limit}, remaining=${remaining}, reset=${reset}`);
    return;
  }
  res.setHeader("RateLimit-Limit", String(limit));
  res.setHeader("RateLimit-Remaining", String(remaining));
  res.setHeader("RateLimit-Reset", String(reset));
}

/** Seconds until the window ends; its whole length where the store does not know. */
export function resetSeconds(resetTime: Date | undefined, windowMs: number): number {
  if (resetTime === undefined) return Math.ceil(windowMs / 1000);
  return Math.max(0, Math.ceil((resetTime.getTime() - Date.now()) / 1000));
}

/** Part of a digest, as hexadecimal digits in Base64. The client knows what it is made of: its own key. */
function partitionKey(key: string): string {
  return Buffer.from(hash("sha256", key).slice(0, 12)).toString("base64");
}
