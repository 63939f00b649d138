import type { JsonWebKey, KeyObject } from "node:crypto";

/** Options of signed checkpoints: `integrity` of `auditLog`. Exactly one of `signingKey` and `sign` is required. */
export interface AuditIntegrityOptions {
  /**
   * The long-term private key, Ed25519: PEM (PKCS #8, not encrypted), a `KeyObject`, or a JWK. It signs once per process,
   * when the log starts: that the first of the keys that sign checkpoints is one of yours. Then it is let go, unless a
   * `fileSink` has `retention`: then it also signs later ones, because the first one is deleted some day.
   */
  readonly signingKey?: string | KeyObject | JsonWebKey | undefined;
  /**
   * Signs in place of `signingKey` with a key that stays elsewhere, in a KMS or an agent, when the log starts, when a file
   * is rotated and once a day: returns the 64 bytes of the Ed25519 signature (RFC 8032, pure: not of a hash) of the data,
   * or a promise for them. It has 5 seconds. When it fails it is asked again after 1 second, then after twice the last
   * wait, up to 5 minutes; no request waits for it.
   */
  readonly sign?: ((data: Uint8Array) => Uint8Array | Promise<Uint8Array>) | undefined;
  /** A checkpoint is written after so many records, when the turn of the event loop ends; 1 to 1,000,000. @default 1000 */
  readonly checkpointEvery?: number | undefined;
  /**
   * A checkpoint is written after so long if anything was written since the last one, else once a minute, or less often
   * where the interval is longer; 1 second to 1 day. @default "10s"
   */
  readonly checkpointInterval?: string | undefined;
  /**
   * Is told of each checkpoint, to keep its hash where who can change the log cannot reach. It may return a promise; while
   * one is under way (5 seconds at most), only the newest checkpoint waits, because it covers those before it. A failure
   * is counted and reported, and never breaks a request.
   */
  readonly onCheckpoint?: ((anchor: AuditAnchor) => unknown) | undefined;
}

/** What proves later which records were there when a checkpoint was written. Frozen plain data. */
export interface AuditAnchor {
  /** The stream: `audit.sequence.stream_id` of its records. */
  readonly stream: string;
  /** The number of the checkpoint's record. */
  readonly number: number;
  /** From 1: one checkpoint per epoch. */
  readonly epoch: number;
  /** SHA-256 of the checkpoint's line without its line end, as base64url without padding. */
  readonly hash: string;
  /** The first public key of the stream (Ed25519, 32 bytes), as base64url without padding. */
  readonly publicKey: string;
  /** When it was written: ISO 8601, UTC. */
  readonly time: string;
  /** Whether it is the last record of the stream. */
  readonly end?: boolean;
}
