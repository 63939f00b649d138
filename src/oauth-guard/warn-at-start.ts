import type { VerifierSettings } from "./token/verifier.js";

/** Tells the operator what is known at start-up and is no error. */
export function warnAtStart({ issuers }: VerifierSettings): void {
  const now = Date.now();
  for (const { claims } of issuers) claims.missing?.warnWhenOver(now);
  if (!issuers.some(({ keys }) => keys.hasShortSecret === true)) return;
  process.emitWarning(
    'oauthGuard.secret is shorter than its hash, so that it can be guessed and tokens can be made with it. In report mode it is taken all the same; with mode: "enforce" it is an error.',
    { code: "EXPRESS_SECURE_API_SHORT_SECRET", type: "SecurityWarning" },
  );
}
