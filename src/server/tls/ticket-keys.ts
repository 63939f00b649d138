import { hkdfSync, randomBytes } from "node:crypto";

/** How the keys of session tickets are made. */
export interface TicketSettings {
  readonly rotateMs: number;
  readonly secret: Buffer | undefined;
}

/** What OpenSSL takes: a name, a key of HMAC and one of AES, of 16 bytes each. */
const KEY_BYTES = 48;

/**
 * The keys that session tickets are encrypted with. Node.js keeps one for the life of the process: whoever learns it can
 * read all resumed TLS 1.2 connections of that time.
 *
 * @see RFC 9325 §3.4
 */
export class TicketKeys {
  readonly #settings: TicketSettings;
  #trustDigest: string;
  #keys: Buffer;
  #timer: NodeJS.Timeout | undefined;

  /** @param trustDigest - As that of {@link TicketKeys.under}. */
  constructor(settings: TicketSettings, trustDigest: string) {
    this.#settings = settings;
    this.#trustDigest = trustDigest;
    this.#keys = this.#create();
  }

  /**
   * The keys of this moment. A ticket proves the client certificate of its first handshake: it must not outlive a change
   * of whose certificates are accepted. So there are others when the digest of that is another one.
   */
  under(trustDigest: string): Buffer {
    if (trustDigest !== this.#trustDigest) {
      this.#trustDigest = trustDigest;
      this.#keys = this.#create();
    }
    return this.#keys;
  }

  /** Hands on the keys of this moment, and others each time that a period ends. */
  start(apply: (keys: Buffer) => void): void {
    this.stop();
    this.#keys = this.#create();
    apply(this.#keys);
    const { rotateMs } = this.#settings;
    // Periods begin at the same moment in all processes.
    this.#timer = setTimeout(() => this.start(apply), rotateMs - (Date.now() % rotateMs));
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #create(): Buffer {
    const { secret, rotateMs } = this.#settings;
    if (secret === undefined) return randomBytes(KEY_BYTES);
    const period = Math.floor(Date.now() / rotateMs);
    const info = `express-secure-api tickets ${period} ${this.#trustDigest}`;
    return Buffer.from(hkdfSync("sha256", secret, "", info, KEY_BYTES));
  }
}
