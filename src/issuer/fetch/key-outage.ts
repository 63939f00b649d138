import { type HttpError, outageError } from "../../core/refusal/http-error.js";
import { systemCodeOf } from "./system-code.js";

/** Why the keys of an issuer are not there. The list is closed; decisions name it. */
export type KeyOutageReason =
  | "keys_unreachable"
  | "keys_timeout"
  | "keys_bad_answer"
  | "keys_too_large"
  | "metadata_mismatch"
  | "no_usable_keys"
  | "key_function_failed"
  | "function_timeout"
  | "wrong_return"
  | "guard_closed";

/** The keys of an issuer cannot be had at the moment: 503, never the client's fault. */
export class KeyOutage extends Error {
  override readonly name: string = "KeyOutage";
  readonly reason: KeyOutageReason;
  /** What the system said, such as `ECONNREFUSED` or `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly systemCode: string | undefined;
  /** Whole seconds until the next attempt makes sense. */
  retryAfter = 5;

  constructor(reason: KeyOutageReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.systemCode = systemCodeOf(cause);
  }

  /** The refusal that says so: 503 with `Retry-After`. The reason stays inside. */
  toHttpError(): HttpError {
    return outageError("keys_unavailable", this, this.retryAfter);
  }
}
