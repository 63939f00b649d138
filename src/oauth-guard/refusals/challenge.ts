import { challenge } from "../../core/http/header-values.js";
import { type HeaderFields, HttpError } from "../../core/refusal/http-error.js";
import { REFUSALS, type RefusalReason } from "./refusals.js";

/** Makes the refusal for a reason. The client does not see the `cause`. */
export type RefusalFactory = (reason: RefusalReason, cause?: object) => HttpError;

/**
 * Prepares the challenges of one guard (RFC 6750 §3): the realm always, `error` only when
 * credentials were sent (§3.1), `scope` where the client can act on it. All texts are fixed. With
 * several schemes there is one challenge for each (RFC 9110 §11.6.1).
 */
export function createRefusals(
  realm: string,
  scopes: readonly string[] | undefined,
  schemes: readonly string[] = ["Bearer"],
): RefusalFactory {
  const scope = scopes?.join(" ");
  const headers: Partial<Record<RefusalReason, HeaderFields>> = Object.create(null);
  for (const reason of Object.keys(REFUSALS) as RefusalReason[]) {
    const challenges = schemes.map((scheme) => challengeFor(scheme, reason, realm, scope));
    headers[reason] = Object.freeze({ "WWW-Authenticate": challenges.join(", ") });
  }
  return (reason, cause) => {
    return new HttpError(REFUSALS[reason].code, { headers: headers[reason], cause });
  };
}

function challengeFor(
  scheme: string,
  reason: RefusalReason,
  realm: string,
  scope: string | undefined,
): string {
  const { code, ...refusal } = REFUSALS[reason];
  if (code === "authentication_required") return challenge(scheme, { realm, scope });
  return challenge(scheme, {
    realm,
    error: code,
    error_description: "description" in refusal ? refusal.description : undefined,
    scope: code === "insufficient_scope" ? scope : undefined,
  });
}
