import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";
import type { ReceivedReports } from "./browser-report.js";
import { safeChannel } from "./safe-channel.js";

/** What one guard decided about one request. Frozen plain data: no request, no error object, no token. */
export interface Decision {
  /** The factory that made the guard, such as `oauthGuard`. */
  readonly guard: string;
  /** `error`: the guard could not decide, because of an outage or of a function of the app that failed. */
  readonly outcome: "allow" | "deny" | "error";
  /** Whether the outcome took effect. `false` in report mode: the request went on. */
  readonly enforced: boolean;
  /** `ok`, or the code of the refusal. */
  readonly code: string;
  /** Why, from a closed list per guard, such as `token_expired`. Never input. */
  readonly reason?: string;
  /** In an outage: the code of the system's error, such as `ECONNREFUSED`. */
  readonly systemCode?: string;
  /** Status of the refusal, or the one it would have had: 204 where the browser refuses by what the answer lacks. */
  readonly status?: number;
  /** The rule that decided, such as `role(admin)`. */
  readonly rule?: string;
  /** The row of a table of routes that asked for it, by its pattern: `POST /orders`. Of refusals only. */
  readonly row?: string;
  /**
   * The rate-limit policies that decided. Of an authorization: the policy engines that were asked, each with the id that
   * it gave to its decision and the policies that it named.
   */
  readonly policy?: string;
  /** In report mode: the first refusal of the request. */
  readonly first?: true;
  /** In report mode: the guard with the first refusal, when it was another one. */
  readonly follows?: string;
  /** What a page of another origin asked for. Names, bounded; unlike the rest they are input. */
  readonly cors?: CorsRequest;
  /** What browsers reported about pages, made safe. It is input: anybody can send it. */
  readonly reports?: ReceivedReports;
  /** The token, by its `jti` or by a hash of its signing input; never the token itself. */
  readonly token?: string;
}

/** What a page of another origin asked for; `"malformed"` stands for what no browser sends. Frozen. */
export interface CorsRequest {
  /** The origin of the page, at most 200 characters; absent when the browser did not send it. */
  readonly origin?: string;
  /** The method, when it asked beforehand. */
  readonly method?: string;
  /** The request headers that it asked for and that are not allowed, in lower case: the first eight. */
  readonly headers?: readonly string[];
}

/**
 * `node:diagnostics_channel` on which every {@link Decision} is published. A subscriber that throws breaks nothing, if
 * it subscribed after this library was loaded.
 */
export const DECISION_CHANNEL = "express-secure-api:decision";

const channelOfDecisions = safeChannel(DECISION_CHANNEL);
const recorded = requestSlot<Decision[]>("decisions");

/** Every decision about the request, in order: the list itself, to which later decisions are added. */
export function decisionsOf(req: Request): readonly Decision[] {
  return listOf(req);
}

/** Keeps the decision with the request, for the audit record, and publishes it when somebody listens. */
export function recordDecision(req: Request, decision: Decision): void {
  recordFrozenDecision(req, Object.freeze(decision));
}

/** Does the same with a decision that is frozen already, as those are that many requests share. */
export function recordFrozenDecision(req: Request, decision: Decision): void {
  listOf(req).push(decision);
  if (channelOfDecisions.hasSubscribers) channelOfDecisions.publish(decision);
}

function listOf(req: Request): Decision[] {
  let list = recorded.get(req);
  if (list === undefined) {
    list = [];
    recorded.set(req, list);
  }
  return list;
}
