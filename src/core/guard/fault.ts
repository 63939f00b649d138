import { FunctionFailure } from "../calls/function-failure.js";
import { isInstance } from "../calls/is-instance.js";
import { MountingError } from "../calls/mounting-error.js";
import { HttpError, outageError } from "../refusal/http-error.js";

/** A fault as the client and the record see it. */
interface FaultRefusal {
  readonly refusal: HttpError;
  readonly reason: string;
}

const MAX_TEXT_LENGTH = 4000;

/** How a request is refused about which a guard could not decide. */
export function refusalOfFault(error: unknown): FaultRefusal {
  if (isInstance(error, MountingError)) {
    // Trying again would not help.
    const refusal = new HttpError("internal_error", { cause: error });
    return { refusal, reason: "application_error" };
  }
  const reason = isInstance(error, FunctionFailure) ? error.reason : "application_error";
  return { refusal: outageError("check_unavailable", error), reason };
}

/**
 * Tells the developer what went wrong, because neither client nor record does: as a process warning, once for each
 * function of one guard, and for each mistake in mounting it.
 */
export function createFaultReport(guard: string): (error: unknown) => void {
  let told: Set<string> | undefined;
  return function report(error) {
    const what = subjectOf(error) ?? guard;
    told ??= new Set();
    if (told.has(what)) return;
    told.add(what);
    const failed = isInstance(error, FunctionFailure) || isInstance(error, MountingError);
    const text = failed ? error.message : `${guard} could not decide`;
    process.emitWarning(`${text}. The request could not be checked.`, {
      code: "EXPRESS_SECURE_API_CHECK_FAILED",
      detail: textOf(isInstance(error, FunctionFailure) ? (error.cause ?? error) : error),
    });
  };
}

/** What the error is about, out of few: neither text has input in it. */
function subjectOf(error: unknown): string | undefined {
  if (isInstance(error, FunctionFailure)) return error.option;
  return isInstance(error, MountingError) ? error.message : undefined;
}

/** The stack of an error. What was thrown may be anything, and reading it may throw. */
function textOf(error: unknown): string {
  try {
    const text = isInstance(error, Error)
      ? (error.stack ?? error.message)
      : `threw a ${typeof error}`;
    return String(text).slice(0, MAX_TEXT_LENGTH);
  } catch {
    return "";
  }
}
