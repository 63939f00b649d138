import { AsyncResource } from "node:async_hooks";
import { type KeyObject, sign as signWith } from "node:crypto";
import { isUint8Array } from "node:util/types";
import { createCall } from "../../../core/calls/create-call.js";
import type { FunctionFailure } from "../../../core/calls/function-failure.js";
import { afterRealTime } from "../../process/real-time.js";

/** RFC 8032 §5.1.6. */
const SIGNATURE_BYTES = 64;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 300_000;

/** What the long-term key signs: that the first key of this stream is one of its owner's. */
export function certifiedText(stream: string, publicKey: string): string {
  return `express-secure-api audit stream v1\n${stream}\n${publicKey}\n`;
}

/** Signs one text with the long-term key, as base64url without padding. */
export type Certify = (text: string) => string;

/** The long-term key as what it is for: it signs one text and is let go. A dump of the memory must not hold it later. */
export function certifyOnce(key: KeyObject): Certify {
  let held: KeyObject | undefined = key;
  return function certify(text) {
    if (held === undefined) throw new Error("the long-term key has signed");
    const signature = signWith(null, Buffer.from(text), held);
    held = undefined;
    return signature.toString("base64url");
  };
}

/** Is told what came of asking. Neither function may throw. */
export interface CertificationListener {
  certified(certificate: string): void;
  failed(failure: FunctionFailure): void;
}

/** Asks a function of the app to sign a text, until it has signed once. */
export class Certification {
  readonly #sign: (data: Uint8Array, nothing: undefined) => Uint8Array | Promise<Uint8Array>;
  readonly #text: string;
  readonly #listener: CertificationListener;
  readonly #after: typeof afterRealTime;
  readonly #nobody = new AsyncResource("ExpressSecureApiAuditCertification", {
    requireManualDestroy: true,
  });
  #wait = FIRST_WAIT;
  #stopped = false;
  #asking: Promise<void> | undefined;

  constructor(
    sign: (data: Uint8Array) => unknown,
    text: string,
    listener: CertificationListener,
    after = afterRealTime,
  ) {
    this.#sign = createCall<Uint8Array, Uint8Array, undefined>(sign, {
      option: "auditLog.integrity.sign",
      parse: parseSignature,
    });
    this.#text = text;
    this.#listener = listener;
    this.#after = after;
  }

  /** Settles when the question that is open is answered; `undefined` when none is open. */
  get asking(): Promise<void> | undefined {
    return this.#asking;
  }

  ask(): void {
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
    let signature: Uint8Array;
    try {
      signature = await this.#sign(new TextEncoder().encode(this.#text), undefined);
    } catch (error) {
      if (this.#stopped) return;
      // `createCall` throws nothing else.
      this.#listener.failed(error as FunctionFailure);
      this.#askLater();
      return;
    }
    if (!this.#stopped) this.#listener.certified(Buffer.from(signature).toString("base64url"));
  }

  #askLater(): void {
    const wait = this.#wait;
    this.#wait = Math.min(2 * wait, LONGEST_WAIT);
    this.#nobody.runInAsyncScope(() =>
      this.#after(wait, () => {
        if (!this.#stopped) this.ask();
      }),
    );
  }
}

function parseSignature(value: unknown): Uint8Array {
  if (!isUint8Array(value) || value.length !== SIGNATURE_BYTES)
    throw new TypeError(`it must return the ${SIGNATURE_BYTES} bytes of an Ed25519 signature`);
  return value;
}
