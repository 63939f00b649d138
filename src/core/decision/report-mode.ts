import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";
import { type Decision, recordDecision } from "./decision.js";
import { inTurn } from "./pending-verdict.js";

/** The guard whose refusal was the first one that report mode let through. */
const firstReported = requestSlot<string>("firstReported");

/** Whether a guard in report mode would have answered the request itself, as secureHeaders answers a preflight. */
const answered = requestSlot<true>("reportedAnswer");

/** What guards in report mode would change about the answer, if they enforced. */
const changes = requestSlot<readonly string[]>("reportedChanges");

/** Records what the guard would do to the request or its answer if it enforced, and what no refusal is. */
export function recordReportedChange(
  req: Request,
  { guard, reason }: Required<Pick<Decision, "guard" | "reason">>,
): void {
  const known = changes.get(req) ?? [];
  if (!known.includes(reason)) changes.set(req, [...known, reason]);
  recordDecision(req, { guard, outcome: "allow", enforced: false, code: "ok", reason });
}

/** The reasons of {@link recordReportedChange}, each once. */
export function reportedChanges(req: Request): readonly string[] {
  return changes.get(req) ?? [];
}

/** Says that the guard would answer the request if it enforced: what is reported behind it would not happen. */
export function recordReportedAnswer(req: Request): void {
  answered.set(req, true);
}

/** Records a refusal that report mode lets pass: the first one of the request, or one that follows another guard's. */
export function recordReported(req: Request, decision: Decision): void {
  if (answered.get(req) === true) return;
  // Which refusal is the first one is known only when the guard in front has its verdict.
  inTurn(req, () => record(req, decision));
}

function record(req: Request, decision: Decision): void {
  const first = firstReported.get(req);
  if (first === undefined) {
    firstReported.set(req, decision.guard);
    recordDecision(req, { ...decision, first: true });
  } else {
    recordDecision(req, { ...decision, follows: first });
  }
}
