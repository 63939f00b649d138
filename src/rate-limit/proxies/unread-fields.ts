import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";

/** Fields in which proxies name the client, and which Express does not read. */
const UNREAD_FIELDS = [
  "forwarded",
  "x-real-ip",
  "x-client-ip",
  "true-client-ip",
  "cf-connecting-ip",
  "fastly-client-ip",
] as const;
/** A proxy writes its field into each request, so it is seen early. */
const LONGEST_LOOK = 1000;

/**
 * Looks at the first requests without `X-Forwarded-For`: whether a proxy names their clients in another field.
 *
 * @returns A function that looks at one request, and says whether there is more to look at.
 */
export function createUnreadCheck(): (req: Request) => boolean {
  let looks = 0;
  return function checkUnread(req) {
    looks += 1;
    const field = UNREAD_FIELDS.find((name) => req.headers[name] !== undefined);
    // Without an address there is another warning.
    if (field === undefined || req.app === undefined || req.socket?.remoteAddress === undefined) {
      return looks < LONGEST_LOOK;
    }
    warnAboutApp(
      req,
      "EXPRESS_SECURE_API_UNREAD_FORWARDED",
      `rateLimit: a request carries ${field}, and no X-Forwarded-For, which alone is read. If a proxy stands in front, all its clients share one limit: let it send X-Forwarded-For, and set "trust proxy" to the number of proxies or to their networks. If none does, ignore this.`,
    );
    return false;
  };
}
