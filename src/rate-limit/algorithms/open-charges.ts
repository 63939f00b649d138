/** A charge of which it is not known yet whether it stays. */
export interface OpenCharge {
  /** The key that was charged. */
  readonly slot: string;
  /** The moment at which what it took will have come back with time, behind what was taken before it. */
  after: number;
  /** Those in front of it have given back so much. */
  moveUp(credit: number): void;
  /** It is given back no more: the key was reset. */
  forget(): void;
  earlier: OpenCharge | undefined;
  later: OpenCharge | undefined;
}

/**
 * The charges of one policy that may still be given back, by key, in their order. When one is given back, those behind
 * it move up: what has come back with time already is given to none of them a second time.
 *
 * It holds as many as requests are being answered. Each charge that was added must be removed.
 */
export class OpenCharges {
  readonly #last = new Map<string, OpenCharge>();

  add(charge: OpenCharge): void {
    const earlier = this.#last.get(charge.slot);
    charge.earlier = earlier;
    if (earlier !== undefined) earlier.later = charge;
    this.#last.set(charge.slot, charge);
  }

  /** @param credit - How much of it is given back: 0 when it stays. */
  remove(charge: OpenCharge, credit: number): void {
    const { slot, earlier, later } = charge;
    if (credit > 0) {
      for (let one = later; one !== undefined; one = one.later) one.moveUp(credit);
    }
    if (earlier !== undefined) earlier.later = later;
    if (later !== undefined) later.earlier = earlier;
    else if (earlier !== undefined) this.#last.set(slot, earlier);
    else this.#last.delete(slot);
    charge.earlier = undefined;
    charge.later = undefined;
  }

  /** Forgets all charges of a key. */
  reset(slot: string): void {
    let one = this.#last.get(slot);
    this.#last.delete(slot);
    while (one !== undefined) {
      const { earlier } = one;
      one.earlier = undefined;
      one.later = undefined;
      one.forget();
      one = earlier;
    }
  }
}
