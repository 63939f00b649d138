import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { AuditIntegrityOptions } from "./integrity-options.js";
import { LongTermKey } from "./keys/certification.js";
import { readSigningKey } from "./keys/read-signing-key.js";

/** Who vouches for keys of a stream. */
export type Signer =
  | { readonly key: LongTermKey }
  | { readonly sign: (data: Uint8Array) => unknown };

/** The options of signed checkpoints, read and found right. */
export interface CheckpointSettings {
  readonly signer: Signer;
  readonly every: number;
  /** In milliseconds. */
  readonly interval: number;
  readonly onCheckpoint: AuditIntegrityOptions["onCheckpoint"];
}

/** What makes changes of the log visible: nothing, the chain of hashes, or signed checkpoints on top of it. */
export type IntegritySettings = false | "chain" | CheckpointSettings;

const KEYS: OptionKeys<AuditIntegrityOptions> = {
  signingKey: "neverUndefined",
  sign: "neverUndefined",
  checkpointEvery: true,
  checkpointInterval: true,
  onCheckpoint: "neverUndefined",
};
const SHARED_SECRET =
  "a key that everybody who verifies must know proves nothing, give an Ed25519 private key to signingKey";
/** What similar packages call things. */
export const INTEGRITY_HINTS: Hints<AuditIntegrityOptions> = {
  key: "signingKey",
  privateKey: "signingKey",
  signer: "sign",
  interval: "checkpointInterval",
  checkpointMs: "checkpointInterval",
  every: "checkpointEvery",
  anchor: "onCheckpoint",
  onAnchor: "onCheckpoint",
  hmacKey: SHARED_SECRET,
  secret: SHARED_SECRET,
  publicKey: "leave it out, the log makes its own keys and writes down the public ones",
  algorithm: "leave it out, it is Ed25519 and SHA-256",
};
const EXAMPLE = "{ signingKey }";

/** Reads the option `integrity`. */
export function readIntegrity(reader: OptionsReader<"integrity">): IntegritySettings {
  const value = reader.raw("integrity");
  if (value === undefined || value === "chain") return "chain";
  if (value === false) return false;
  if (typeof value !== "object" || value === null) {
    const fix = value === true ? 'write "chain"' : isPem(value) ? `write ${EXAMPLE}` : "";
    reader.problem("integrity", 'false, "chain" or an object with signingKey or sign', fix);
    return "chain";
  }
  return readCheckpoints(
    reader.nested<AuditIntegrityOptions>("integrity", value, KEYS, INTEGRITY_HINTS, EXAMPLE),
  );
}

function isPem(value: unknown): boolean {
  return typeof value === "string" && value.includes("-----BEGIN");
}

function readCheckpoints(reader: OptionsReader<keyof AuditIntegrityOptions>): IntegritySettings {
  const key = readSigningKey(reader);
  const sign = reader.function<(data: Uint8Array) => unknown>("sign");
  const settings = {
    every: reader.integer("checkpointEvery", { min: 1, max: 1_000_000, default: 1000 }),
    interval: reader.duration("checkpointInterval", { min: "1s", max: "1d", default: "10s" }),
    onCheckpoint:
      reader.function<NonNullable<AuditIntegrityOptions["onCheckpoint"]>>("onCheckpoint"),
  };
  const isUnset = reader.isUnset("signingKey") || reader.isUnset("sign");
  if (reader.has("signingKey") && reader.has("sign")) {
    reader.note("", "must have signingKey or sign, not both");
  } else if (!reader.has("signingKey") && !reader.has("sign") && !isUnset) {
    reader.note("", 'must have signingKey or sign; for a chain without signatures write "chain"');
  }
  if (key !== undefined) return { signer: { key: new LongTermKey(key) }, ...settings };
  // After a problem, `finish` throws.
  return sign === undefined ? "chain" : { signer: { sign }, ...settings };
}
