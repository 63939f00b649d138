/** What is used of a limiter of rate-limiter-flexible, whichever copy of the package it comes from. */
export interface FlexibleLimiter {
  readonly points: number;
  /** Seconds. */
  readonly duration: number;
  consume(key: string, points: number): Promise<unknown>;
  get(key: string): Promise<unknown>;
  penalty(key: string, points: number): Promise<unknown>;
  reward(key: string, points: number): Promise<unknown>;
  set(key: string, points: number, seconds: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

/** What a limiter says about one key. */
export interface KeyState {
  /** Units since the window began; more than there are in a window while the key is blocked. */
  readonly consumed: number;
  /** Milliseconds until the window or the block ends. */
  readonly resetMs: number;
}

/** The longest time of a timer of Node, in seconds: beyond that it fires at once. */
export const LONGEST_TIMER_SECONDS = 2_147_483;

const METHODS = ["consume", "get", "penalty", "reward", "set", "delete"] as const;

export function isFlexibleLimiter(value: unknown): value is FlexibleLimiter {
  if (typeof value !== "object" || value === null) return false;
  const limiter = value as Record<string, unknown>;
  const { points, duration } = limiter;
  if (typeof points !== "number" || typeof duration !== "number") return false;
  return METHODS.every((name) => typeof limiter[name] === "function");
}

/** Whether the limiter is of this class, or of one that is made from it, in whichever copy of the package. */
export function isOfClass(limiter: object, name: string): boolean {
  let prototype: unknown = Object.getPrototypeOf(limiter);
  while (typeof prototype === "object" && prototype !== null) {
    if (prototype.constructor.name === name) return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}

/** Reads what a limiter resolved with. @throws TypeError when it is no state of a key. */
export function stateOf(reply: unknown): KeyState {
  const state = stateIn(reply);
  if (state === undefined) throw new TypeError("the limiter did not answer with a result");
  return state;
}

/** The state in what a limiter resolved or rejected with; `undefined` for anything else, such as an Error. */
export function stateIn(reply: unknown): KeyState | undefined {
  if (typeof reply !== "object" || reply === null || reply instanceof Error) return undefined;
  const { consumedPoints: consumed, msBeforeNext } = reply as Record<string, unknown>;
  if (!Number.isSafeInteger(consumed) || typeof msBeforeNext !== "number") return undefined;
  if (!Number.isFinite(msBeforeNext)) return undefined;
  // A database may round, so that a window that is about to end has ended already.
  return { consumed: consumed as number, resetMs: Math.max(0, msBeforeNext) };
}
