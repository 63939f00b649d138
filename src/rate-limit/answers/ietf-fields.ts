import type { Response } from "express";
import type { Rate, RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { lastText } from "./last-text.js";

/** A version of the draft that defines `RateLimit` and `RateLimit-Policy`. */
export type IetfVersion = "draft-11" | "draft-8" | "draft-7" | "draft-6";

/** What the older versions say of one quota only: the one with the fewest units left. */
interface Quota {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

/** Writes the fields of one version. The draft is not finished, so nothing else here knows how they look. */
export interface IetfFields {
  /** A policy as an item of `RateLimit-Policy`. @param name - The name of the policy as a String of RFC 9651. */
  policyItem(name: string, algorithm: RateLimitAlgorithm, rate: Rate): string;
  /**
   * What is left as an item of `RateLimit`, in versions where that is a list.
   *
   * @param start - The name of the policy as a String, with the parameter up to the number that is left: `"login";r=`.
   */
  limitItem(
    start: string,
    algorithm: RateLimitAlgorithm,
    result: RateLimitResult,
    rate: Rate,
  ): string;
  /** Whether both fields are lists, in which limiters of others may have items. */
  readonly isList: boolean;
  /** Sets what says how much is left. @param limits - The items of all quotas, in one line or several. */
  setLimits(res: Response, limits: string | string[], tightest: Quota): void;
}

/** @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11 */
const DRAFT_11: IetfFields = {
  policyItem(name, algorithm, rate) {
    const { limit, windowMs } = rate;
    // Of what runs at the same time, and of what never passes, there is no window.
    if (algorithm === "concurrency") return `${name};q=${limit};qu="concurrent-requests"`;
    return limit === 0 ? `${name};q=0` : `${name};q=${limit};w=${windowMs / 1000}`;
  },
  limitItem(start, algorithm, result, rate) {
    const item = start + remainingText(result.remaining);
    if (algorithm === "concurrency" || rate.limit === 0) return item;
    return item + timeParameter(effectiveWindow(result, algorithm, rate));
  },
  isList: true,
  setLimits: setList,
};

/** There, `t` is the time until the quota is full again, and a window is required. */
const DRAFT_8: IetfFields = {
  policyItem: DRAFT_11.policyItem,
  limitItem: (start, _algorithm, { remaining, resetMs }) =>
    start + remainingText(remaining) + timeParameter(seconds(resetMs)),
  isList: true,
  setLimits: setList,
};

/** A dictionary of one quota. */
const DRAFT_7: IetfFields = {
  policyItem: plainPolicy,
  limitItem: () => "",
  isList: false,
  setLimits(res, _limits, { limit, remaining, resetMs }) {
    const left = `limit=${limit}, remaining=${remaining}, reset=${seconds(resetMs)}`;
    res.setHeader("RateLimit", left);
  },
};

/** One field for each number. */
const DRAFT_6: IetfFields = {
  policyItem: plainPolicy,
  limitItem: () => "",
  isList: false,
  setLimits(res, _limits, { limit, remaining, resetMs }) {
    res.setHeader("RateLimit-Limit", String(limit));
    res.setHeader("RateLimit-Remaining", String(remaining));
    res.setHeader("RateLimit-Reset", String(seconds(resetMs)));
  },
};

/** The fields by version. */
export const IETF_FIELDS: Readonly<Record<IetfVersion, IetfFields>> = {
  "draft-11": DRAFT_11,
  "draft-8": DRAFT_8,
  "draft-7": DRAFT_7,
  "draft-6": DRAFT_6,
};

/** The names of the fields of a version. */
export function ietfFieldNames(version: IetfVersion): readonly string[] {
  return version === "draft-6"
    ? ["RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
    : ["RateLimit", "RateLimit-Policy"];
}

/** Policies that count alike have as much left, and `X-RateLimit-Remaining` says it once more. */
export const remainingText = lastText(String);

const timeParameter = lastText((value) => `;t=${value}`);

function setList(res: Response, limits: string | string[]): void {
  res.setHeader("RateLimit", limits);
}

function plainPolicy(_name: string, algorithm: RateLimitAlgorithm, rate: Rate): string {
  const { limit, windowMs } = rate;
  return algorithm === "concurrency" || limit === 0 ? `${limit}` : `${limit};w=${windowMs / 1000}`;
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
  const isBucket = algorithm === "token-bucket" || algorithm === "leaky-bucket";
  if (remaining === 0) {
    // What costs nothing passes at once, and the next unit is there after that time at the latest.
    const untilUnit = isBucket ? Math.min(resetMs, windowMs / limit) : resetMs;
    return seconds(retryAfterMs === 0 ? untilUnit : retryAfterMs);
  }
  return seconds(isBucket ? (remaining * windowMs) / limit : resetMs > 0 ? resetMs : windowMs);
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}
