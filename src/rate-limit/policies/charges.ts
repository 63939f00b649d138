import { hash } from "node:crypto";
import type { Request } from "express";
import { warnAboutApp } from "../../core/app/app-warning.js";
import { isThenable } from "../../core/calls/user-function.js";
import { isVerdictPending } from "../../core/decision/pending-verdict.js";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import { type PathPattern, restricts } from "../../core/http/path-pattern.js";
import { isCallerTried } from "../../core/principal/name-caller.js";
import {
  getPrincipal,
  hasPrincipalSource,
  type Principal,
} from "../../core/principal/principal.js";
import { isRefused, type Refused } from "../../core/refusal/refused.js";
import { type BodyFault, withParsedBody } from "./body-key.js";
import type { Charge, KeyName, Policy, Rate } from "./policy.js";

/** `undefined` is the address, `null` what the client sent in place of a key. */
type Key = string | undefined | null;

/** A digest of this length replaces what is longer, so that no key fills the memory. */
const LONGEST_KEY = 44;
const BEHIND_REPORT =
  'rateLimit: a limit with the key "principal" enforces, and the guard in front of it only reports. Until that enforces, the limit counts by address, so many callers behind one address share a quota. Give rateLimit mode: "report" as well, or let the guard enforce.';
const NO_ADDRESS =
  'rateLimit: a request has no address, as over a Unix socket, and all such requests share one quota. Networks in "trust proxy", such as "loopback", never match a Unix socket: set it to the number of proxies, the one on the other end of the socket included, and let that send X-Forwarded-For.';

/** What the request costs, or why a policy that counts by the body cannot count it. */
export type Charges = readonly Charge[] | Uncountable;

/** Why a request cannot be counted, and by which policy. */
interface Uncountable extends Refused<BodyFault> {
  readonly policy: string;
}

/**
 * What the request costs, policy by policy; policies that do not apply are left out. All functions of the app are asked
 * at once; a promise only if one of them gives one.
 *
 * @param enforced - Whether the limiter enforces: then it counts by no principal that a guard in report mode has found.
 * @throws FunctionFailure (the call, or the rejection of the promise) when a function of the app fails.
 */
export function chargesOf(
  policies: readonly Policy[],
  req: Request,
  ipv6Prefix: number,
  enforced: boolean,
): Charges | Promise<Charges> {
  const charges: Charge[] = [];
  let pending: Promise<Charge | Uncountable>[] | undefined;
  let address: string | undefined;
  for (const policy of policies) {
    if (policy.match !== undefined && !matchesOne(policy.match, req)) continue;
    const seen = policy.phase === "after-body" ? withParsedBody(req, enforced) : req;
    if (seen === undefined) continue;
    if (typeof seen === "string") return uncountable(seen, policy);
    const chosen = chosenKey(policy, seen, ipv6Prefix, enforced);
    if (chosen === null) return uncountable("unusable_key", policy);
    // Not later: the address is gone as soon as the client is.
    if (typeof chosen !== "string") address ??= addressKey(req, ipv6Prefix);
    const cost = typeof policy.cost === "number" ? policy.cost : policy.cost(seen);
    const rate = policy.rateFor?.(seen);
    if (
      pending === undefined &&
      typeof chosen !== "object" &&
      typeof cost === "number" &&
      !isThenable(rate)
    ) {
      const key = chosen ?? (address as string);
      charges.push(rate === undefined ? { policy, key, cost } : { policy, rate, key, cost });
    } else {
      pending ??= charges.map((charge) => Promise.resolve(charge));
      pending.push(neverAlone(pendingCharge(policy, chosen, address, cost, rate)));
    }
  }
  return pending === undefined
    ? charges
    : Promise.all(pending).then((all) => all.find(isRefused) ?? (all as Charge[]));
}

async function pendingCharge(
  policy: Policy,
  chosen: Key | Promise<Key>,
  address: string | undefined,
  cost: number | Promise<number>,
  rate: Rate | undefined | Promise<Rate>,
): Promise<Charge | Uncountable> {
  // Together, so that a failure of the one does not wait for the other.
  const [key, units, chosenRate] = await Promise.all([chosen, cost, rate]);
  if (key === null) return uncountable("unusable_key", policy);
  return { policy, rate: chosenRate, key: key ?? (address as string), cost: units };
}

function uncountable(fault: BodyFault, { name }: Policy): Uncountable {
  return { refused: fault, policy: name };
}

function matchesOne(patterns: readonly PathPattern[], req: Request): boolean {
  for (const pattern of patterns) if (restricts(pattern, req)) return true;
  return false;
}

/** The key of the client's address: one for all addresses of an IPv6 network. */
export function addressKey(req: Request, ipv6Prefix: number): string {
  const address = clientAddress(req);
  if (address !== undefined) return addressNetwork(address, ipv6Prefix);
  // No address, as on a Unix socket: one quota for all of them, never a pass. A client that has left had one.
  if (req.socket?.destroyed !== true) {
    warnAboutApp(req, "EXPRESS_SECURE_API_NO_CLIENT_ADDRESS", NO_ADDRESS);
  }
  return "unknown";
}

function chosenKey(
  policy: Policy,
  req: Request,
  ipv6Prefix: number,
  enforced: boolean,
): Key | Promise<Key> {
  const { key: source } = policy;
  if (source === "ip") return undefined;
  if (typeof source !== "function") {
    if (enforced && isCallerUncertain(req)) {
      warnBehindReport(req);
      return undefined;
    }
    return typeof source === "string"
      ? callerKey(source, req)
      : combinedKey(source, req, ipv6Prefix);
  }
  const key = source(req);
  return typeof key === "object" && key !== null ? neverAlone(key.then(ownKey)) : ownKey(key);
}

/**
 * Whether a guard in report mode says who calls, or will. It does not wait, so it knows a caller at one request and not
 * at the next, and everybody may pass it without a token: counted by what it knows, a caller would have several quotas.
 */
function isCallerUncertain(req: Request): boolean {
  return isCallerTried(req) || (isVerdictPending(req) && !hasPrincipalSource(req));
}

/** Says, once per app, that limits by principal count by address. */
export function warnBehindReport(req: Request): void {
  warnAboutApp(req, "EXPRESS_SECURE_API_LIMIT_BEHIND_REPORT", BEHIND_REPORT);
}

/** Another function may throw before anybody waits for this one: then its rejection is nobody's, and ends no process. */
function neverAlone<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, ignore);
  return promise;
}

function ignore(): void {}

function ownKey(key: Key): Key {
  if (key === null) return null;
  return key === undefined || key === "" ? undefined : keptApart(key);
}

function callerKey(name: Exclude<KeyName, "ip">, req: Request): string | undefined {
  return name === "principal" ? principalKey(req) : tenantKey(req);
}

/** Tenants of two issuers may have one name. */
function tenantKey(req: Request): string | undefined {
  const principal = getPrincipal(req);
  if (principal?.tenant === undefined || principal.tenant === "") return undefined;
  return keptApart(`${principal.issuer ?? ""}\n${principal.tenant}`);
}

/** All of it together; the address where the caller is not known. */
function combinedKey(
  names: readonly KeyName[],
  req: Request,
  ipv6Prefix: number,
): string | undefined {
  const parts: string[] = [];
  for (const name of names) {
    const part = name === "ip" ? addressKey(req, ipv6Prefix) : callerKey(name, req);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return keptApart(parts.join("\n"));
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

/** A key that the app chose, as it is counted. */
export function keptApart(key: string): string {
  // The first character keeps chosen keys apart from addresses: nobody can spend the quota of an address by naming it.
  return key.length > LONGEST_KEY ? `#${hash("sha256", key, "base64url")}` : `=${key}`;
}
