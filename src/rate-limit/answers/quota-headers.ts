import type { Response } from "express";
import { sfString } from "../../core/http/header-values.js";
import { requestSlot } from "../../core/request/request-slot.js";
import { type Charge, type Policy, rateOf } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { IETF_FIELDS, type IetfFields, type IetfVersion, remainingText } from "./ietf-fields.js";
import { lastText } from "./last-text.js";

/** Which header fields a limiter sends. */
export interface HeaderSettings {
  readonly ietf: IetfVersion | false;
  readonly legacy: "epoch" | "delta" | false;
  /** The largest part by which `Retry-After` is later than it has to be. */
  readonly retryJitter: number;
}

/** The state of one quota policy, for headers that several limiters of a request share. */
export interface QuotaReport {
  /** The limiter that counted: mounted twice, it counts a request once. */
  readonly limiter: object;
  /** What writes `RateLimit` and `RateLimit-Policy`; `undefined` when the limiter does not send them. */
  readonly fields: IetfFields | undefined;
  /** The policy as an item of `RateLimit-Policy`, serialised; empty when its limiter does not send the field. */
  readonly policyItem: string;
  /** The policy as an item of `RateLimit`, serialised; empty likewise. */
  readonly limitItem: string;
  /** How `X-RateLimit-Reset` counts, or `false` when the limiter does not send the `X-RateLimit` fields. */
  readonly legacy: "epoch" | "delta" | false;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the quota is full again. */
  readonly resetMs: number;
  /** What was counted, for a limiter that gives it back. */
  readonly charge: Charge;
  readonly result: RateLimitResult;
  /** Whether it was given back to a store already. */
  readonly refunded?: boolean;
}

/** The quotas of one request, and the lines with them that are on the response. */
interface QuotaList extends Array<QuotaReport> {
  limits?: string | undefined;
  policies?: string | undefined;
}

const reports = requestSlot<QuotaList>("quotas");

/** The quotas that limiters of this request have counted so far: the list itself, to be added to. */
export function quotasOf(req: object): QuotaList {
  let list = reports.get(req);
  if (list === undefined) {
    list = [];
    reports.set(req, list);
  }
  return list;
}

/** Turns a result into what the header fields say, with everything prepared that is the same for every request. */
export type QuotaReporter = (result: RateLimitResult, charge: Charge) => QuotaReport;

/** The reporter of one policy. `limiter` tells the limiters of a request apart. */
export function quotaReporter(
  policy: Policy,
  headers: HeaderSettings,
  limiter: object,
): QuotaReporter {
  const { ietf, legacy } = headers;
  const { algorithm } = policy;
  const name = sfString(policy.name);
  const start = `${name};r=`;
  const fields = ietf === false ? undefined : IETF_FIELDS[ietf];
  const item = fields?.policyItem(name, algorithm, policy) ?? "";
  return function reportQuota(result, charge) {
    const rate = rateOf(charge);
    const { remaining, resetMs } = result;
    return {
      limiter,
      fields,
      policyItem: rate === policy ? item : (fields?.policyItem(name, algorithm, rate) ?? ""),
      limitItem: fields?.limitItem(start, algorithm, result, rate) ?? "",
      legacy,
      limit: rate.limit,
      remaining,
      resetMs,
      charge,
      result,
    };
  };
}

/**
 * Sets the fields for all quotas of the request, those of earlier limiters included. One `setHeader` per field. Where limiters send
 * different versions, it is that of the first one. Lists that others have begun, such as express-rate-limit, go on.
 */
export function setQuotaHeaders(res: Response, quotas: QuotaList): void {
  let limits = "";
  let shown = 0;
  let first: QuotaReport | undefined;
  let tightest: QuotaReport | undefined;
  let legacy: QuotaReport | undefined;
  for (const quota of quotas) {
    if (quota.fields !== undefined && (first === undefined || first.fields === quota.fields)) {
      first ??= quota;
      limits = shown === 0 ? quota.limitItem : `${limits}, ${quota.limitItem}`;
      policyItems[shown] = quota.policyItem;
      shown += 1;
      if (tightest === undefined || isTighter(quota, tightest)) tightest = quota;
    }
    if (quota.legacy !== false && (legacy === undefined || isTighter(quota, legacy))) {
      legacy = quota;
    }
  }
  if (tightest !== undefined) {
    const policies = policiesText(shown);
    const { isList, setLimits } = tightest.fields as IetfFields;
    if (isList) {
      res.setHeader("RateLimit-Policy", beside(res, "RateLimit-Policy", quotas.policies, policies));
      setLimits(res, beside(res, "RateLimit", quotas.limits, limits), tightest);
    } else {
      res.setHeader("RateLimit-Policy", policies);
      setLimits(res, limits, tightest);
    }
    quotas.policies = policies;
    quotas.limits = limits;
  }
  if (legacy !== undefined) {
    res.setHeader("X-RateLimit-Limit", limitText(legacy.limit));
    res.setHeader("X-RateLimit-Remaining", remainingText(legacy.remaining));
    res.setHeader("X-RateLimit-Reset", resetText(resetOf(legacy)));
  }
}

/**
 * The line, with those beside it that limiters of others have set, as `res.append()` leaves them.
 *
 * @param before - What was written here earlier, in place of which the line stands.
 */
function beside(
  res: Response,
  field: string,
  before: string | undefined,
  line: string,
): string | string[] {
  const value = res.getHeader(field);
  if (value === undefined || value === before) return line;
  // Not the dictionaries and numbers of older drafts.
  const others = [value].flat().filter((one) => one !== before && String(one).startsWith('"'));
  return others.length === 0 ? line : [...others.map(String), line];
}

/** Of the quotas of the request that is answered now. */
const policyItems: string[] = [];
/** Those of the answer before, mostly the same ones, and their text: joined anew, each would be checked character by character. */
let lastItems: readonly string[] = [];
let lastPolicies = "";

function policiesText(count: number): string {
  policyItems.length = count;
  if (
    lastItems.length !== count ||
    !lastItems.every((item, index) => item === policyItems[index])
  ) {
    lastItems = policyItems.slice();
    lastPolicies = policyItems.join(", ");
  }
  return lastPolicies;
}

const limitText = lastText(String);
const resetText = lastText(String);

function isTighter(quota: QuotaReport, other: QuotaReport): boolean {
  if (quota.remaining !== other.remaining) return quota.remaining < other.remaining;
  return quota.resetMs > other.resetMs;
}

function resetOf(quota: QuotaReport): number {
  const start = quota.legacy === "epoch" ? Date.now() : 0;
  return Math.ceil((start + quota.resetMs) / 1000);
}
