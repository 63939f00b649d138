import { randomInt } from "node:crypto";

/** 16 kb for each table, however many networks there are. */
const COUNTERS = 4096;
const SHIFT = 20;
const GROUPS = 3;
const COLON = 0x3a;

/** Chosen at start-up, so that nobody can choose a network that is counted together with that of somebody else. */
const factors = Array.from({ length: GROUPS }, () => randomInt(1, 2 ** 31) | 1);
/** The groups that were read last. */
const groups = new Uint16Array(GROUPS);

/** How many keys the IPv6 networks (/48) hold. A few networks share each counter: it is never less than the truth. */
export class NetworkCounts {
  readonly #counts = new Uint32Array(COUNTERS);

  /** Counts a key that came (1) or went (-1), if it is an IPv6 address. */
  add(key: string, change: 1 | -1): void {
    if (!readNetwork(key)) return;
    const index = counterIndex();
    this.#counts[index] = Math.max(0, (this.#counts[index] ?? 0) + change);
  }

  /** The network of a key that holds at least so many, in a spelling that no key has; `undefined` when it holds less. */
  crowded(key: string, least: number): string | undefined {
    if (!readNetwork(key) || (this.#counts[counterIndex()] ?? 0) < least) return undefined;
    return `*${groups.join(":")}`;
  }
}

function counterIndex(): number {
  let mixed = 0;
  for (let index = 0; index < GROUPS; index += 1) {
    mixed = Math.imul(mixed ^ (groups[index] ?? 0), factors[index] ?? 1);
    mixed ^= mixed >>> 15;
  }
  return mixed >>> SHIFT;
}

/** Reads the first groups of an IPv6 address, or of a network that ends in `::`. `false` for every other key. */
function readNetwork(key: string): boolean {
  groups.fill(0);
  let group = 0;
  let value = 0;
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index);
    if (code === COLON) {
      groups[group] = value;
      value = 0;
      group += 1;
      // Behind an empty group there are only zeros.
      if (group === GROUPS || key.charCodeAt(index + 1) === COLON) return true;
    } else {
      const digit = hexDigit(code);
      if (digit === -1) return false;
      value = value * 16 + digit;
    }
  }
  return false;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
