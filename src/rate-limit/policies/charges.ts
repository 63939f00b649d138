import { hash } from "node:crypto";
import type { Request } from "express";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import { type PathPattern, restricts } from "../../core/http/path-pattern.js";
import { wrongReturn } from "../../core/options/user-function.js";
import { getPrincipal, type Principal } from "../../core/principal/principal.js";
import type { Charge, Policy } from "./policy.js";

/** A digest of this length replaces what is longer, so that no key fills the memory. */
const LONGEST_KEY = 44;

/**
 * What the request costs, policy by policy; policies that do not apply are left out.
 *
 * @throws What a function of the app threw, or a TypeError when it returned the wrong type.
 */
export function chargesOf(
  policies: readonly Policy[],
  req: Request,
  ipv6Prefix: number,
): readonly Charge[] {
  const charges: Charge[] = [];
  let address: string | undefined;
  for (const policy of policies) {
    if (policy.match !== undefined && !matchesOne(policy.match, req)) continue;
    let key = chosenKey(policy, req);
    if (key === undefined) {
      address ??= addressKey(req, ipv6Prefix);
      key = address;
    }
    charges.push({ policy, key, cost: costOf(policy, req) });
  }
  return charges;
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

function chosenKey(policy: Policy, req: Request): string | undefined {
  if (policy.key === "ip") return undefined;
  if (policy.key === "principal") return principalKey(req);
  const key = policy.key(req);
  if (key === undefined || key === "") return undefined;
  if (typeof key === "string") return keptApart(key);
  throw wrongReturn(`${policy.path}.key`, "a string or undefined", key);
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

function costOf(policy: Policy, req: Request): number {
  if (typeof policy.cost === "number") return policy.cost;
  const cost = policy.cost(req);
  if (typeof cost === "number" && Number.isSafeInteger(cost) && cost >= 0) return cost;
  throw wrongReturn(`${policy.path}.cost`, "a whole number of at least 0", cost);
}
