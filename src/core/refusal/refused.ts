/** Why there is no result. An object, so that a failure is never taken for a success that is a string. */
export interface Refused<Reason extends string = string> {
  readonly refused: Reason;
}

/** The failure with this reason. */
export function refused<Reason extends string>(reason: Reason): Refused<Reason> {
  return { refused: reason };
}

/** Whether the result is a failure. */
export function isRefused<T extends object>(result: T): result is Extract<T, Refused> {
  return "refused" in result;
}
