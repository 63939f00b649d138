import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { normalizeAddress } from "../../core/http/client-address.js";

/** After so many forwarded requests nothing more is looked at. */
const LONGEST_LOOK = 1000;
/** So many senders in front of the addresses that count are no chance, unless as many requests have none. */
const SENDERS = 20;

/**
 * Looks at the first requests that carry `X-Forwarded-For` where Express reads it: whether the client can write what counts as its
 * address, and whether all clients count by the address of a proxy.
 *
 * @returns A function that looks at one request, and says whether there is more to look at.
 */
export function createChainCheck(): (req: Request) => boolean {
  const senders = new Set<string>();
  let looks = 0;
  let plain = 0;
  return function checkChain(req) {
    try {
      return look(req);
    } catch {
      // A function for `trust proxy` that fails is told of where the request is counted.
      return false;
    }
  };

  function look(req: Request): boolean {
    looks += 1;
    const entries = entriesOf(req);
    if (entries.length < proxiesOf(req)) {
      warnAboutApp(req, "EXPRESS_SECURE_API_FORGEABLE_ADDRESS", FORGEABLE);
      return false;
    }
    const { ip } = req;
    if (ip !== undefined && normalizeAddress(ip) === undefined) {
      warnAboutApp(req, "EXPRESS_SECURE_API_SHARED_ADDRESS", UNNAMED);
      return false;
    }
    // Without an address there is another warning.
    if (ip === undefined) return false;
    const sender = entryBefore(ip, entries);
    if (sender === undefined) plain += 1;
    else senders.add(sender);
    if (senders.size >= SENDERS) warnAboutApp(req, "EXPRESS_SECURE_API_SHARED_ADDRESS", SHARED);
    return senders.size < SENDERS && plain < SENDERS && looks < LONGEST_LOOK;
  }
}

/** What the proxies have written, the nearest one last. */
function entriesOf({ headers }: Request): readonly string[] {
  const field = String(headers["x-forwarded-for"]);
  return field
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** The number of proxies in `trust proxy`, 0 where that names networks. */
function proxiesOf({ app }: Request): number {
  const value: unknown = app?.get("trust proxy");
  return typeof value === "number" ? value : 0;
}

/** What the owner of this address has named as the one in front of him. */
function entryBefore(ip: string, entries: readonly string[]): string | undefined {
  // An address that is not there is that of the connection.
  const index = entries.lastIndexOf(ip);
  return entries[index === -1 ? entries.length - 1 : index - 1];
}

const FORGEABLE =
  'rateLimit: "trust proxy" is a number larger than that of the proxies which a request has come through, so a client chooses its own address with X-Forwarded-For and escapes limits by address. Set it to the number of proxies that every request passes, or to their networks.';
const SHARED =
  'rateLimit: X-Forwarded-For names many others in front of the addresses that are counted. If those are addresses of proxies or load balancers, all their clients share one limit: let "trust proxy" cover them. If clients have invented the others, ignore this.';
const UNNAMED =
  "rateLimit: what the proxy has written into X-Forwarded-For in the place of its client is no address, so all its clients share one limit, by the address of the connection. Let it write the address.";
