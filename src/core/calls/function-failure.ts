import { isInstance } from "./is-instance.js";

/** How a function of the app failed; decisions name it. */
export type FailureReason = "function_failed" | "function_timeout" | "wrong_return";

const TEXTS: Readonly<Record<FailureReason, string>> = {
  function_failed: "threw, or its promise was rejected",
  function_timeout: "did not answer in time",
  wrong_return: "returned the wrong type",
};

/**
 * A function of the app that was asked for a decision gave none. It is never a decision by itself: whoever asked refuses
 * the request.
 */
export class FunctionFailure extends Error {
  override readonly name: string = "FunctionFailure";
  readonly reason: FailureReason;
  /** The option, as users write it: `rateLimit.skip`. */
  readonly option: string;

  constructor(option: string, reason: FailureReason, cause?: unknown) {
    super(`${option} ${TEXTS[reason]}`, { cause });
    this.option = option;
    this.reason = reason;
  }
}

/** The failure of a function that threw, or whose promise was rejected, with whatever value. */
export function failedWith(option: string, cause: unknown): FunctionFailure {
  return isInstance(cause, FunctionFailure)
    ? cause
    : new FunctionFailure(option, "function_failed", cause);
}
