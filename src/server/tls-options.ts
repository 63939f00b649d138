import { ProblemList } from "../core/options/problem-list.js";
import { wrongChoice } from "../core/options/spelling.js";
import { assertNoMiddleware } from "../core/options/uncalled-factory.js";
import {
  createProfile,
  PROFILE_ALIASES,
  TLS_PROFILES,
  type TlsOptions,
  type TlsProfile,
} from "./tls/profile.js";

const CALL = "https.createServer({ ...tlsOptions(), key, cert }, app)";

/**
 * The options of TLS with forward secrecy, for servers that you create yourself: spread them in
 * `https.createServer`, `http2.createSecureServer` or `tls.createServer`, in front of `key` and `cert`.
 *
 * The values are those of Mozilla's guideline 6.0: TLS 1.2 and 1.3, or TLS 1.3 only with `"modern"`; cipher suites with
 * ECDHE and authenticated encryption; the groups X25519MLKEM768 (where this Node.js has it), X25519, P-256 and P-384; no
 * renegotiation. A handshake that takes longer than 10 seconds is ended. The object is frozen. ALPN is left to the
 * server, which knows whether it speaks HTTP/2.
 *
 * It does not check key and certificate, and does not change ticket keys: `createSecureServer` does.
 *
 * @param profile - Default `"intermediate"`.
 * @throws OptionsError for an unknown profile.
 * @see RFC 9325 §3 and §4
 */
export function tlsOptions(profile: TlsProfile = "intermediate"): TlsOptions {
  assertNoMiddleware("tlsOptions", profile, CALL);
  const found = TLS_PROFILES.find((known) => known === profile);
  if (found !== undefined) return createProfile(found);
  const problems = new ProblemList();
  problems.note("tlsOptions.profile", wrongChoice(profile, TLS_PROFILES, PROFILE_ALIASES));
  problems.finish();
  return createProfile("modern");
}
