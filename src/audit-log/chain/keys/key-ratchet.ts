import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** The turn of one key: it signs once, and is forgotten. */
export interface Epoch {
  /** From 1. */
  readonly number: number;
  /** The public key of the next epoch; `undefined` in the last one. */
  readonly nextKey: string | undefined;
  /** Signs a text (UTF-8), as base64url without padding. */
  sign(text: string): string;
}

/** The key of an epoch, as a certificate names it. */
export interface EpochKey {
  /** From 1. */
  readonly epoch: number;
  readonly publicKey: string;
}

interface Pair {
  readonly privateKey: KeyObject;
  /** The 32 bytes of RFC 8032 §5.1.5, as base64url without padding. */
  readonly publicKey: string;
}

/**
 * A key pair (Ed25519) for each epoch of a stream. Each key signs once, and what it signs names the next one: who takes
 * a key out of the memory of the process can sign nothing anew that was written before.
 */
export class KeyRatchet {
  /** The public key of the first epoch. */
  readonly firstKey: string;
  #number = 1;
  #pair: Pair | undefined;

  constructor() {
    const pair = createPair();
    this.#pair = pair;
    this.firstKey = pair.publicKey;
  }

  /** The epoch whose checkpoint is the next one, and its public key; `undefined` behind the last. */
  get current(): EpochKey | undefined {
    const pair = this.#pair;
    return pair === undefined ? undefined : { epoch: this.#number, publicKey: pair.publicKey };
  }

  /**
   * Ends the epoch: what this returns is the only way to sign with its key.
   *
   * @param isLast - Whether no epoch follows.
   * @throws Error behind the last epoch.
   */
  turn(isLast: boolean): Epoch {
    const pair = this.#pair;
    if (pair === undefined) throw new Error("the stream has ended");
    const { privateKey } = pair;
    const number = this.#number;
    const next = isLast ? undefined : createPair();
    this.#pair = next;
    this.#number += 1;
    return {
      number,
      nextKey: next?.publicKey,
      sign: (text) => sign(null, Buffer.from(text), privateKey).toString("base64url"),
    };
  }
}

function createPair(): Pair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey: publicKey.export({ format: "jwk" }).x ?? "" };
}
