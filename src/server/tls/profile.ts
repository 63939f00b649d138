import { constants } from "node:crypto";

/** The profiles of Mozilla's guideline 6.0. */
export type TlsProfile = "intermediate" | "modern";

/** What a profile means for `node:tls`, `node:https` and `node:http2`. */
export interface TlsOptions {
  /** The oldest protocol version that is accepted. */
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
  /** The cipher suites of TLS 1.2 and 1.3, in one list as OpenSSL reads it. */
  readonly ciphers: string;
  /** The client knows whether its hardware has AES. */
  readonly honorCipherOrder: false;
  /** The groups of the key exchange. */
  readonly ecdhCurve: string;
  /** `SSL_OP_NO_RENEGOTIATION`. */
  readonly secureOptions: number;
  /** Milliseconds after which an unfinished handshake ends. */
  readonly handshakeTimeout: number;
}

/** In the order in which messages name them. */
export const TLS_PROFILES = ["intermediate", "modern"] as const satisfies readonly TlsProfile[];

/** What other servers call the profiles. */
export const PROFILE_ALIASES: Readonly<Record<string, TlsProfile>> = {
  compatible: "intermediate",
  default: "intermediate",
  strict: "modern",
};

const TLS13_SUITES = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
/** All of them with ephemeral keys (ECDHE) and authenticated encryption. */
const TLS12_SUITES = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const CLASSICAL_GROUPS = "X25519:prime256v1:secp384r1";
const GROUPS = `X25519MLKEM768:${CLASSICAL_GROUPS}`;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The options of a profile, for this Node.js. Frozen. */
export function createProfile(profile: TlsProfile): TlsOptions {
  const modern = profile === "modern";
  return Object.freeze({
    minVersion: modern ? "TLSv1.3" : "TLSv1.2",
    ciphers: [...TLS13_SUITES, ...(modern ? [] : TLS12_SUITES)].join(":"),
    honorCipherOrder: false,
    ecdhCurve: knowsHybrid() ? GROUPS : CLASSICAL_GROUPS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  });
}

/**
 * Whether this OpenSSL has the hybrid of X25519 and ML-KEM. Before 3.5 it throws when that group is named; the classical list would switch it off in later ones. Trying
 * it out would leave an error in OpenSSL that the next key which is read would be blamed for.
 */
export function knowsHybrid(): boolean {
  const [major = 0, minor = 0] = process.versions.openssl.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 5);
}
