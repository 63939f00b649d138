import type { Response } from "express";
import { sfString } from "../../core/http/header-values.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { RateLimitAlgorithm } from "../policies/policy.js";
import { type Charge, type Policy, type Rate, rateOf } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/** Which header fields a limiter sends. */
export interface HeaderSettings {
  readonly ietf: boolean;
  readonly legacy: "epoch" | "delta" | false;
}

/** The state of one quota policy, for headers that several limiters of a request share. */
export interface QuotaReport {
  /** The limiter that counted: mounted twice, it counts a request once. */
  readonly limiter: object;
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

const reports = requestSlot<QuotaReport[]>("quotas");

/** The quotas that limiters of this request have counted so far: the list itself, to be added to. */
export function quotasOf(req: object): QuotaReport[] {
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
  const name = sfString(policy.name);
  const item = policyItemOf(name, policy.algorithm, policy);
  return function reportQuota(result, charge) {
    const rate = rateOf(charge);
    const { remaining, resetMs } = result;
    return {
      limiter,
      policyItem: !ietf ? "" : rate === policy ? item : policyItemOf(name, policy.algorithm, rate),
      limitItem: ietf ? limitItemOf(name, policy.algorithm, result, rate) : "",
      legacy,
      limit: rate.limit,
      remaining,
      resetMs,
      charge,
      result,
    };
  };
}

/** Of what runs at the same time, and of what never passes, there is no window. */
function policyItemOf(name: string, algorithm: RateLimitAlgorithm, rate: Rate): string {
  const { limit, windowMs } = rate;
  if (algorithm === "concurrency") return `${name};q=${limit};qu="concurrent-requests"`;
  return limit === 0 ? `${name};q=0` : `${name};q=${limit};w=${windowMs / 1000}`;
}

function limitItemOf(
  name: string,
  algorithm: RateLimitAlgorithm,
  result: RateLimitResult,
  rate: Rate,
): string {
  const item = `${name};r=${result.remaining}`;
  if (algorithm === "concurrency" || rate.limit === 0) return item;
  return `${item};t=${effectiveWindow(result, algorithm, rate)}`;
}

/** Sets the fields for all quotas of the request, those of earlier limiters included. One `setHeader` per field. */
export function setQuotaHeaders(res: Response, quotas: readonly QuotaReport[]): void {
  let policies = "";
  let limits = "";
  let tightest: QuotaReport | undefined;
  for (const quota of quotas) {
    if (quota.policyItem !== "") {
      const separator = policies === "" ? "" : ", ";
      policies += separator + quota.policyItem;
      limits += separator + quota.limitItem;
    }
    if (quota.legacy !== false && (tightest === undefined || isTighter(quota, tightest))) {
      tightest = quota;
    }
  }
  if (policies !== "") {
    res.setHeader("RateLimit-Policy", policies);
    res.setHeader("RateLimit", limits);
  }
  if (tightest !== undefined) {
    res.setHeader("X-RateLimit-Limit", String(tightest.limit));
    res.setHeader("X-RateLimit-Remaining", String(tightest.remaining));
    res.setHeader("X-RateLimit-Reset", String(resetOf(tightest)));
  }
}

/**
 * The parameter `t`, in seconds. A client may spend `r` evenly over it: with units left in a bucket it is the time in which as
 * many come back, so the rate it reads is the one that lasts; in a window, the rest of that; without units, the time to wait.
 */
function effectiveWindow(
  { remaining, retryAfterMs, resetMs }: RateLimitResult,
  algorithm: RateLimitAlgorithm,
  { limit, windowMs }: Rate,
): number {
  if (remaining === 0) return seconds(retryAfterMs);
  const isBucket = algorithm === "token-bucket" || algorithm === "leaky-bucket";
  return seconds(isBucket ? (remaining * windowMs) / limit : resetMs > 0 ? resetMs : windowMs);
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

function isTighter(quota: QuotaReport, other: QuotaReport): boolean {
  if (quota.remaining !== other.remaining) return quota.remaining < other.remaining;
  return quota.resetMs > other.resetMs;
}

function resetOf(quota: QuotaReport): number {
  const start = quota.legacy === "epoch" ? Date.now() : 0;
  return Math.ceil((start + quota.resetMs) / 1000);
}
