import { hash } from "node:crypto";

/** In one checkpoint; what is more waits for the next one. */
const MAX_STATED = 100;

/**
 * The records that only one sink got, of its losses and at the beginning of its files, and that no checkpoint has named
 * yet. They have no place in the chain, which all sinks share: that a checkpoint names their hashes is what seals them.
 */
export class SinkRecords {
  #unstated: string[] = [];

  /** @param position - Of the sink. @param line - As it was written, without its line end. */
  add(position: number, number: number, line: string): void {
    this.#unstated.push(`${position}-${number} ${hash("sha256", line, "base64url")}`);
  }

  /** What the next checkpoint says of them. @param all - Whether it is the last one. */
  state(all: boolean): readonly string[] {
    return this.#unstated.splice(0, all ? this.#unstated.length : MAX_STATED);
  }
}
