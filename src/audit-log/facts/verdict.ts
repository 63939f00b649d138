import type { Response } from "express";
import { sentStatus } from "../../core/answer/sent-status.js";
import type { ReceivedReports } from "../../core/decision/browser-report.js";
import type { CorsRequest, Decision } from "../../core/decision/decision.js";
import type { Ending } from "./ending.js";
import { type AuditEvent, refusalEvent, reportEvent, requestEvent } from "./event-name.js";

/** What became of a request. */
export interface Verdict {
  /** The connection ended before the answer did. */
  readonly aborted: boolean;
  /** How it ended when the answer is not complete. */
  readonly ending: Ending | undefined;
  /** Absent when no answer was begun. */
  readonly status: number | undefined;
  /** `unknown`: nobody can say whether the client got the answer. */
  readonly outcome: "success" | "failure" | "unknown";
  /** The first enforced refusal. */
  readonly refusal: Decision | undefined;
  /** The first outage that refused nothing: the request went on without what could not be told. */
  readonly outage: Decision | undefined;
  /** The first refusal that report mode let through. */
  readonly reported: Decision | undefined;
  /** How many refusals report mode let through. */
  readonly reportedCount: number;
  /** What a page of another origin asked for and did not get. */
  readonly cors: CorsRequest | undefined;
  /** What browsers reported about pages. */
  readonly reports: ReceivedReports | undefined;
  /** Of the error of the app that ended the request, if the app's `errorHandler` saw one. */
  readonly errorType: string | undefined;
  readonly event: AuditEvent;
}

/**
 * Judges a request whose answer has ended, or will never come.
 *
 * @param eventFailed - Whether an event of the app says so.
 */
export function judge(
  decisions: readonly Decision[],
  errorType: string | undefined,
  res: Response,
  ending: Ending | undefined,
  eventFailed: boolean,
): Verdict {
  let refusal: Decision | undefined;
  let outage: Decision | undefined;
  let reported: Decision | undefined;
  let reportedCount = 0;
  let cors: CorsRequest | undefined;
  let reports: ReceivedReports | undefined;
  for (const decision of decisions) {
    cors ??= decision.cors;
    reports ??= decision.reports;
    if (decision.outcome === "allow") continue;
    if (decision.enforced) {
      if (isRefusal(decision)) refusal ??= decision;
      else outage ??= decision;
    } else {
      reported ??= decision;
      reportedCount += 1;
    }
  }
  const status = sentStatus(res);
  const failed =
    eventFailed ||
    refusal !== undefined ||
    errorType !== undefined ||
    (status !== undefined && status >= 400);
  // What a guard refuses after it could not tell who is asking says nothing about the client.
  const event =
    refusal === undefined || refusal.guard === outage?.guard
      ? (reportEvent(reports) ??
        requestEvent(status, errorType !== undefined || outage !== undefined))
      : refusalEvent(refusal.code, refusal.status, refusal.reason);
  const outcome = failed ? "failure" : ending === undefined ? "success" : "unknown";
  return {
    aborted: ending !== undefined && ending !== "still_open",
    ending,
    status,
    outcome,
    refusal,
    outage,
    reported,
    reportedCount,
    cors,
    reports,
    errorType,
    event,
  };
}

/** Whether a decision that is enforced, and allows nothing, refused: an outage that does has the status of its answer. */
export function isRefusal({ outcome, status }: Decision): boolean {
  return outcome === "deny" || status !== undefined;
}
