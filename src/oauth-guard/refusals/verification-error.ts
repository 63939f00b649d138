import type { FailureReason } from "../../core/calls/function-failure.js";
import type { HttpError } from "../../core/refusal/http-error.js";
import type { KeyOutageReason } from "../../issuer/fetch/key-outage.js";
import type { RefusalReason } from "./refusals.js";

/** Why a token was not accepted: the reasons that the decisions of `oauthGuard` have. */
export type VerificationReason = RefusalReason | KeyOutageReason | FailureReason;

/**
 * What `verify` of `createTokenVerifier` rejects with. `cause.reason` is for logs and metrics, not for the client: it says
 * more than the answer should. The token is not in it.
 */
export type TokenVerificationError = HttpError & {
  readonly cause: {
    readonly reason: VerificationReason;
    /** In an outage of the keys, what the system said, such as `ECONNREFUSED`. */
    readonly systemCode?: string | undefined;
  };
};
