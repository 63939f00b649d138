import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";

/** The verdicts of one request that are still to come, in the order of their guards. */
interface Verdicts {
  /** Ends with the last of them. Never rejects. */
  tail: Promise<void>;
  waiting: number;
  /** One of them is being concluded right now: whatever it does is its own, and waits for none. */
  concluding: boolean;
}

const verdictsOf = requestSlot<Verdicts>("pendingVerdicts");

/**
 * Whether a guard in report mode let the request go on before it knew what to say of it. What
 * depends on that verdict uses {@link concludeLater}.
 */
export function isVerdictPending(req: Request): boolean {
  const verdicts = verdictsOf.get(req);
  return verdicts !== undefined && verdicts.waiting > 0 && !verdicts.concluding;
}

/**
 * Calls what is promised once it is there and the verdicts before it are known. It must not throw;
 * what it throws is ignored, because the request has gone on.
 */
export function concludeLater(req: Request, verdict: (() => void) | PromiseLike<() => void>): void {
  let verdicts = verdictsOf.get(req);
  if (verdicts === undefined) {
    verdicts = { tail: ended(), waiting: 0, concluding: false };
    verdictsOf.set(req, verdicts);
  }
  verdicts.waiting += 1;
  verdicts.tail = conclude(verdicts, verdicts.tail, verdict);
}

/** Ends when every verdict on the request is known, `undefined` when they all are. For records. */
export function pendingVerdicts(req: Request): Promise<void> | undefined {
  const verdicts = verdictsOf.get(req);
  return verdicts === undefined || verdicts.waiting === 0 ? undefined : allOf(verdicts);
}

// An async function, so that apps that replace the global `Promise` still get one of Node's own.
async function ended(): Promise<void> {}

async function conclude(
  verdicts: Verdicts,
  earlier: Promise<void>,
  verdict: (() => void) | PromiseLike<() => void>,
): Promise<void> {
  try {
    const act = await verdict;
    await earlier;
    verdicts.concluding = true;
    act();
  } catch {
    // The guard has no verdict to record.
  } finally {
    verdicts.concluding = false;
    verdicts.waiting -= 1;
  }
}

async function allOf(verdicts: Verdicts): Promise<void> {
  // A verdict may bring another one with it.
  while (verdicts.waiting > 0) await verdicts.tail;
}
