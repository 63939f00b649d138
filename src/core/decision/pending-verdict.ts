import type { Request } from "express";
import { hasPrincipalSource } from "../principal/principal.js";
import { requestSlot } from "../request/request-slot.js";

/**
 * The verdicts of one request that are still to come, in the order of their guards. Those that say who calls have an
 * order of their own: a guard that needs the caller waits for them, and not for a limit that is only tried out. So have
 * those that say what belongs to the caller, such as roles from a database: guards that report wait for both.
 */
interface Verdicts {
  /** Ends with the last of them. Never rejects. */
  tail: Promise<void>;
  waiting: number;
  /** Ends with the last of those about the caller. Never rejects. */
  callerTail: Promise<void>;
  callersWaiting: number;
  /** Ends with the last of those about the caller or what belongs to it. Never rejects. */
  rolesTail: Promise<void>;
  rolesWaiting: number;
  /**
   * One of them is being concluded right now: whatever it records is its own, and waits for no later one. A list takes
   * what it records while others in front of it are still to come.
   */
  concluding: "itself" | (() => void)[] | undefined;
}

/** Does what is left to do, or promises how. */
type Verdict = (() => void) | PromiseLike<() => void>;

const verdictsOf = requestSlot<Verdicts>("pendingVerdicts");

/** Whether a guard in report mode let the request go on before it knew what to say of it. */
export function isVerdictPending(req: Request): boolean {
  const verdicts = verdictsOf.get(req);
  return verdicts !== undefined && verdicts.waiting > 0 && verdicts.concluding === undefined;
}

/**
 * Whether such a guard is still to say who calls. What depends on that uses {@link concludeCaller}, or
 * {@link whenCallerKnown} if it enforces.
 *
 * @param enforced - Whether the one that asks enforces: then it waits for nothing that is only added to the caller, and for
 * nothing at all where it is said who calls, because what is only tried out fills empty places alone.
 */
export function isCallerPending(req: Request, enforced: boolean): boolean {
  const verdicts = verdictsOf.get(req);
  if (verdicts === undefined || verdicts.concluding !== undefined) return false;
  if (!enforced) return verdicts.rolesWaiting > 0;
  return verdicts.callersWaiting > 0 && !hasPrincipalSource(req);
}

/** Ends when it is known who calls, and what belongs to the caller. */
export function callerKnown(req: Request): Promise<void> {
  return openVerdicts(req).rolesTail;
}

/**
 * Calls `act` when it is known who calls, for a guard that enforces. What `act` lets through is behind it, and waits for
 * itself. It must not throw; what it throws is ignored.
 */
export function whenCallerKnown(req: Request, act: () => void): void {
  void afterCallers(openVerdicts(req), act);
}

/**
 * Calls what is promised once it is there and the verdicts before it are known. It must not throw;
 * what it throws is ignored, because the request has gone on.
 */
export function concludeLater(req: Request, verdict: Verdict): void {
  const verdicts = openVerdicts(req);
  verdicts.waiting += 1;
  verdicts.tail = finish(verdicts, conclude(verdicts, "itself", verdicts.tail, verdict));
}

/**
 * Does the same for what says who calls (`"caller"`), or what belongs to the caller (`"roles"`), or needs to know it: it
 * waits only for other such verdicts, and with `"caller"` for nothing that is only added to the caller.
 */
export function concludeCaller(req: Request, verdict: Verdict, about: "caller" | "roles"): void {
  const verdicts = openVerdicts(req);
  const aboutCaller = about === "caller";
  const others = verdicts.waiting > (aboutCaller ? verdicts.callersWaiting : verdicts.rolesWaiting);
  const records: (() => void)[] = [];
  verdicts.waiting += 1;
  verdicts.rolesWaiting += 1;
  if (aboutCaller) verdicts.callersWaiting += 1;
  const earlier = aboutCaller ? verdicts.callerTail : verdicts.rolesTail;
  const own = conclude(verdicts, others ? records : "itself", earlier, verdict);
  verdicts.rolesTail = aboutCaller ? both(verdicts.rolesTail, own) : own;
  if (aboutCaller) verdicts.callerTail = own;
  verdicts.tail = finish(verdicts, recordInTurn(verdicts, own, records, aboutCaller));
}

/** Records something about the request when all verdicts in front of it are recorded: at once where there are none. */
export function inTurn(req: Request, record: () => void): void {
  const { concluding } = verdictsOf.get(req) ?? {};
  if (Array.isArray(concluding)) concluding.push(record);
  else if (isVerdictPending(req)) concludeLater(req, record);
  else record();
}

/** Ends when every verdict on the request is known, `undefined` when they all are. For records. */
export function pendingVerdicts(req: Request): Promise<void> | undefined {
  const verdicts = verdictsOf.get(req);
  return verdicts === undefined || verdicts.waiting === 0 ? undefined : allOf(verdicts);
}

function openVerdicts(req: Request): Verdicts {
  let verdicts = verdictsOf.get(req);
  if (verdicts === undefined) {
    const none = { waiting: 0, callersWaiting: 0, rolesWaiting: 0, concluding: undefined };
    verdicts = { ...none, tail: ended(), callerTail: ended(), rolesTail: ended() };
    verdictsOf.set(req, verdicts);
  }
  return verdicts;
}

// Async functions, so that apps that replace the global `Promise` still get one of Node's own.
async function ended(): Promise<void> {}

/** The caller is known when `own` ends; what was recorded then comes behind the verdicts in front of it. */
async function recordInTurn(
  verdicts: Verdicts,
  own: Promise<void>,
  records: readonly (() => void)[],
  aboutCaller: boolean,
): Promise<void> {
  const { tail } = verdicts;
  await own;
  verdicts.rolesWaiting -= 1;
  if (aboutCaller) verdicts.callersWaiting -= 1;
  await tail;
  for (const record of records) record();
}

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await one;
  await other;
}

async function finish(verdicts: Verdicts, verdict: Promise<void>): Promise<void> {
  await verdict;
  verdicts.waiting -= 1;
}

async function afterCallers(verdicts: Verdicts, act: () => void): Promise<void> {
  while (verdicts.callersWaiting > 0) await verdicts.callerTail;
  try {
    act();
  } catch {
    // The guard has answered, or cut the connection off.
  }
}

async function conclude(
  verdicts: Verdicts,
  concluding: Verdicts["concluding"],
  earlier: Promise<void>,
  verdict: Verdict,
): Promise<void> {
  try {
    const act = await verdict;
    await earlier;
    verdicts.concluding = concluding;
    act();
  } catch {
    // The guard has no verdict to record.
  } finally {
    verdicts.concluding = undefined;
  }
}

async function allOf(verdicts: Verdicts): Promise<void> {
  // A verdict may bring another one with it.
  while (verdicts.waiting > 0) await verdicts.tail;
}
