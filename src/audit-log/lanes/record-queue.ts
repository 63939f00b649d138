/** A record that waits for a transport. */
export interface Waiting {
  /** `undefined` for the record of the losses, which is made when its turn comes. */
  readonly line: string | undefined;
  /** Its number among the records of the log; for the record of the losses that of the last one before it. */
  readonly number: number;
}

/** Shifting an array that is long is work in its length; this many are left behind before it is made short. */
const MAX_BEHIND = 1024;

/** Records that wait, in order. How many bytes of UTF-8 they are is known: a flood of long ones must not fill the memory. */
export class RecordQueue {
  #items: (Waiting | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The record that has waited longest. */
  get first(): Waiting | undefined {
    return this.#items[this.#head];
  }

  push(item: Waiting): void {
    this.#items.push(item);
    this.#bytes += bytesOf(item);
  }

  shift(): Waiting | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.#bytes -= bytesOf(item);
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= MAX_BEHIND) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}

function bytesOf({ line }: Waiting): number {
  return line === undefined ? 0 : Buffer.byteLength(line);
}
