import { isToken } from "../../core/http/header-values.js";
import type { OptionsReader } from "../../core/options/options-reader.js";

/**
 * Schemes, registered or well known, whose credentials are no bearer token.
 * @see https://www.iana.org/assignments/http-authschemes
 */
const OTHER_CREDENTIALS: readonly string[] = [
  "aws4-hmac-sha256",
  "basic",
  "concealed",
  "digest",
  "dpop",
  "gnap",
  "hawk",
  "hoba",
  "kerberos",
  "mac",
  "mutual",
  "negotiate",
  "ntlm",
  "pop",
  "privatetoken",
  "scram-sha-1",
  "scram-sha-256",
  "signature",
  "vapid",
];
const MAX_SCHEMES = 10;
const MAX_LENGTH = 32;

/** Reads `schemes`. */
export function readSchemes(reader: OptionsReader<"schemes">): readonly string[] {
  const seen = new Set<string>();
  const schemes =
    reader.strings("schemes", {
      default: ["Bearer"],
      check(scheme) {
        const name = scheme.toLowerCase();
        if (seen.has(name)) return "must not repeat an earlier entry: letter case does not matter";
        seen.add(name);
        if (!isToken(scheme) || scheme.length > MAX_LENGTH)
          return `must be an authentication scheme of at most ${MAX_LENGTH} characters, such as "Token"`;
        return OTHER_CREDENTIALS.includes(name)
          ? "must be a scheme whose credentials are one bearer token"
          : undefined;
      },
    }) ?? [];
  if (schemes.length > MAX_SCHEMES) {
    reader.note("schemes", `must be at most ${MAX_SCHEMES} schemes, got ${schemes.length}`);
  }
  return schemes;
}
