import { type KeyObject, sign as signWith } from "node:crypto";
import { isUint8Array } from "node:util/types";
import { createCall } from "../../../core/calls/create-call.js";
import type { FunctionFailure } from "../../../core/calls/function-failure.js";
import { OutsideScope } from "../../../core/calls/outside-scope.js";
import { afterRealTime } from "../../process/real-time.js";
import type { EpochKey } from "./key-ratchet.js";

/** RFC 8032 §5.1.6. */
const SIGNATURE_BYTES = 64;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 300_000;

/** What the long-term key signs: that the key of this epoch of the stream is one of its owner's. */
export function certifiedText(stream: string, { epoch, publicKey }: EpochKey): string {
  const text = `express-secure-api audit stream v1\n${stream}\n${publicKey}\n`;
  return epoch === 1 ? text : `${text}${epoch}\n`;
}

/** A long-term key that is let go when it has signed what it is for. A dump of the memory must not hold it later. */
export class LongTermKey {
  #key: KeyObject | undefined;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /**
   * Signs one text, as base64url without padding.
   *
   * @throws Error when the key was let go.
   */
  sign(text: string): string {
    if (this.#key === undefined) throw new Error("the long-term key was let go");
    return signWith(null, Buffer.from(text), this.#key).toString("base64url");
  }

  letGo(): void {
    this.#key = undefined;
  }
}

/** Is told what came of asking. Neither function may throw. */
export interface CertificationListener {
  certified(key: EpochKey, certificate: string): void;
  failed(failure: FunctionFailure): void;
}

/** Asks a function of the app to certify keys: the first one of a stream until it has, and then others when asked to. */
export class Certification {
  readonly #sign: (data: Uint8Array, nothing: undefined) => Uint8Array | Promise<Uint8Array>;
  readonly #stream: string;
  readonly #key: () => EpochKey | undefined;
  readonly #listener: CertificationListener;
  readonly #after: typeof afterRealTime;
  readonly #nobody = new OutsideScope("ExpressSecureApiAuditCertification");
  #wait = FIRST_WAIT;
  #stopped = false;
  /** Whether it is asked, or will be again. */
  #busy = false;
  /** Whether there is something to ask for behind that. */
  #again = false;
  #asking: Promise<void> | undefined;

  /** @param key - The one to certify, looked up whenever it is asked for; `undefined` when there is none any more. */
  constructor(
    sign: (data: Uint8Array) => unknown,
    stream: string,
    key: () => EpochKey | undefined,
    listener: CertificationListener,
    after = afterRealTime,
  ) {
    this.#sign = createCall<Uint8Array, Uint8Array, undefined>(sign, {
      option: "auditLog.integrity.sign",
      parse: parseSignature,
    });
    this.#stream = stream;
    this.#key = key;
    this.#listener = listener;
    this.#after = after;
  }

  /** Settles when the question that is open is answered; `undefined` when none is open. */
  get asking(): Promise<void> | undefined {
    return this.#asking;
  }

  /** Asks for a certificate, or for another one behind the one that is asked for. */
  ask(): void {
    if (this.#busy) this.#again = true;
    else this.#begin();
  }

  #begin(): void {
    this.#busy = true;
    // A signature by hand, or by an agent, belongs to no request.
    this.#nobody.runInAsyncScope(() => {
      this.#asking = this.#ask().finally(() => {
        this.#asking = undefined;
      });
    });
  }

  /** Asks no more. */
  stop(): void {
    this.#stopped = true;
  }

  async #ask(): Promise<void> {
    const key = this.#key();
    if (key === undefined) return;
    let signature: Uint8Array;
    try {
      const text = certifiedText(this.#stream, key);
      signature = await this.#sign(new TextEncoder().encode(text), undefined);
    } catch (error) {
      if (this.#stopped) return;
      // `createCall` throws nothing else.
      this.#listener.failed(error as FunctionFailure);
      this.#askLater();
      return;
    }
    if (this.#stopped) return;
    this.#wait = FIRST_WAIT;
    this.#listener.certified(key, Buffer.from(signature).toString("base64url"));
    this.#busy = false;
    if (!this.#again) return;
    this.#again = false;
    this.#askLater();
  }

  #askLater(): void {
    this.#busy = true;
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONGEST_WAIT);
    this.#nobody.runInAsyncScope(() =>
      this.#after(wait, () => {
        if (!this.#stopped) this.#begin();
      }),
    );
  }
}

function parseSignature(value: unknown): Uint8Array {
  if (!isUint8Array(value) || value.length !== SIGNATURE_BYTES)
    throw new TypeError(`it must return the ${SIGNATURE_BYTES} bytes of an Ed25519 signature`);
  return value;
}
