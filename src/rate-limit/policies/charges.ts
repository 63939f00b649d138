import { hash } from "node:crypto";
import type { Request } from "express";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import { type PathPattern, restricts } from "../../core/http/path-pattern.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import type { Charge, Policy } from "./policy.js";

/** A digest of this length replaces what is longer, so that no key fills the memory. */
const LONGEST_KEY = 44;

/**
 * What the request costs, policy by policy; policies that do not apply are left out. All functions of the app are asked
 * at once; a promise only if one of them gives one.
 *
 * @throws FunctionFailure (the call, or the rejection of the promise) when a function of the app fails.
 */
export function chargesOf(
  policies: readonly Policy[],
  req: Request,
  ipv6Prefix: number,
): readonly Charge[] | Promise<readonly Charge[]> {
  const charges: Charge[] = [];
  let pending: Promise<Charge>[] | undefined;
  let address: string | undefined;
  for (const policy of policies) {
    if (policy.match !== undefined && !matchesOne(policy.match, req)) continue;
    const chosen = chosenKey(policy, req);
    // Not later: the address is gone as soon as the client is.
    if (typeof chosen !== "string") address ??= addressKey(req, ipv6Prefix);
    const cost = typeof policy.cost === "number" ? policy.cost : policy.cost(req);
    if (pending === undefined && typeof chosen !== "object" && typeof cost === "number") {
      charges.push({ policy, key: chosen ?? (address as string), cost });
    } else {
      pending ??= charges.map((charge) => Promise.resolve(charge));
      pending.push(neverAlone(pendingCharge(policy, chosen, address, cost)));
    }
  }
  return pending === undefined ? charges : Promise.all(pending);
}

async function pendingCharge(
  policy: Policy,
  chosen: string | undefined | Promise<string | undefined>,
  address: string | undefined,
  cost: number | Promise<number>,
): Promise<Charge> {
  // Together, so that a failure of the one does not wait for the other.
  const [key, units] = await Promise.all([chosen, cost]);
  return { policy, key: key ?? (address as string), cost: units };
}

function matchesOne(patterns: readonly PathPattern[], req: Request): boolean {
  for (const pattern of patterns) if (restricts(pattern, req)) return true;
  return false;
}

function addressKey(req: Request, ipv6Prefix: number): string {
  const address = clientAddress(req);
  // No address, as on a Unix socket: one quota for all of them, never a pass.
  return address === undefined ? "unknown" : addressNetwork(address, ipv6Prefix);
}

function chosenKey(policy: Policy, req: Request): string | undefined | Promise<string | undefined> {
  if (policy.key === "ip") return undefined;
  if (policy.key === "principal") return principalKey(req);
  const key = policy.key(req);
  return typeof key === "object" ? neverAlone(key.then(ownKey)) : ownKey(key);
}

/** Another function may throw before anybody waits for this one: then its rejection is nobody's, and ends no process. */
function neverAlone<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, ignore);
  return promise;
}

function ignore(): void {}

function ownKey(key: string | undefined): string | undefined {
  return key === undefined || key === "" ? undefined : keptApart(key);
}

/**
 * Principals are shared by the requests with one token: what is made of an id, and depends on nothing else, is made once
 * and goes with the principal.
 */
const principalKeys = new WeakMap<Principal, string>();

function principalKey(req: Request): string | undefined {
  const principal = getPrincipal(req);
  if (principal === null || principal.id === "") return undefined;
  let key = principalKeys.get(principal);
  if (key === undefined) {
    key = keptApart(principal.id);
    principalKeys.set(principal, key);
  }
  return key;
}

function keptApart(key: string): string {
  // The first character keeps chosen keys apart from addresses: nobody can spend the quota of an address by naming it.
  return key.length > LONGEST_KEY ? `#${hash("sha256", key, "base64url")}` : `=${key}`;
}
