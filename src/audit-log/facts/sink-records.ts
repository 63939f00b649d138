import { hash } from "node:crypto";

/** So many are worth a checkpoint: a sink that fails and works in turns makes one for every second record. */
const MANY = 100;
/** In one checkpoint, those that one turn of the event loop makes beyond {@link MANY} included; what is more waits. */
const MAX_STATED = 1000;

/**
 * The records that only one sink got, of its losses and at the beginning of its files, and that no checkpoint has named
 * yet. They have no place in the chain, which all sinks share: that a checkpoint names their hashes is what seals them.
 */
export class SinkRecords {
  readonly #onMany: () => void;
  readonly #unstated: string[] = [];

  /** @param onMany - Asks for a checkpoint. */
  constructor(onMany: () => void) {
    this.#onMany = onMany;
  }

  /** @param position - Of the sink. @param line - As it was written, without its line end. */
  add(position: number, number: number, line: string): void {
    this.#unstated.push(`${position}-${number} ${hash("sha256", line, "base64url")}`);
    if (this.#unstated.length >= MANY) this.#onMany();
  }

  /** What the next checkpoint says of them. @param all - Whether it is the last one. */
  state(all: boolean): readonly string[] {
    return this.#unstated.splice(0, all ? this.#unstated.length : MAX_STATED);
  }
}
