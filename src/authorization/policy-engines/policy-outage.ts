import { type HttpError, outageError } from "../../core/refusal/http-error.js";
import { systemCodeOf } from "../../issuer/fetch/system-code.js";

/** Why an engine of this library decided nothing. The list is closed; decisions name it. */
export type PolicyOutageReason =
  | "engine_unreachable"
  | "engine_timeout"
  | "engine_bad_answer"
  | "engine_too_large"
  | "engine_paused"
  | "evaluation_failed"
  | "client_left";

/** A policy engine cannot decide at the moment: 503, never the client's fault, and never a yes. */
export class PolicyOutage extends Error {
  override readonly name: string = "PolicyOutage";
  readonly reason: PolicyOutageReason;
  /** What the system said, such as `ECONNREFUSED`. */
  readonly systemCode: string | undefined;
  /** Whole seconds until the next attempt makes sense. */
  readonly retryAfter: number;

  constructor(
    reason: PolicyOutageReason,
    message: string,
    details: { readonly cause?: unknown; readonly retryAfter?: number } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.systemCode = systemCodeOf(details.cause);
    this.retryAfter = details.retryAfter ?? 5;
  }

  /** Whether the app or its engine is wrong, and waiting would not help: the developer is told. */
  get isFault(): boolean {
    return this.reason === "engine_bad_answer" || this.reason === "evaluation_failed";
  }

  /** The refusal that says so: 503 with `Retry-After`. The reason stays inside. */
  toHttpError(): HttpError {
    return outageError("policy_unavailable", this, this.retryAfter);
  }
}
