import { type MemberRole, roleOf } from "./chain-members.js";

/** A name that was seen and found right, with those that were seen behind it. */
export interface KnownName {
  /** As in a line, with its quotes and the colon. */
  readonly bytes: Buffer;
  readonly role: MemberRole | undefined;
  readonly followers: KnownName[];
}

/** Records have some sixty names, in an order that changes little. What a forger adds beyond that is read, not learned. */
const MAX_NAMES = 512;
const MAX_FOLLOWERS = 8;

/**
 * Remembers which names follow which in canonical objects. Most of a record is its names, which are those of the
 * record before: comparing them with what was found right once is much cheaper than looking at them anew.
 */
export class KnownNames {
  /** In front of the first name of an object. */
  readonly start: KnownName = { bytes: Buffer.alloc(0), role: undefined, followers: [] };
  readonly #names = new Map<string, KnownName>();

  /** Takes up a name that may stand behind another one; `undefined` when there is no room, or it is nothing plain. */
  learn(before: KnownName | undefined, text: string): KnownName | undefined {
    let known = this.#names.get(text);
    if (known === undefined) {
      if (this.#names.size >= MAX_NAMES) return undefined;
      known = { bytes: Buffer.from(`"${text}":`), role: roleOf(text), followers: [] };
      this.#names.set(text, known);
    }
    const followers = before?.followers;
    if (followers !== undefined && followers.length < MAX_FOLLOWERS && !followers.includes(known)) {
      followers.push(known);
    }
    return known;
  }
}

/** The one of the followers that stands in the line, if any. */
export function findFollower(
  bytes: Buffer,
  at: number,
  before: KnownName | undefined,
): KnownName | undefined {
  if (before === undefined) return undefined;
  const { followers } = before;
  for (let index = 0; index < followers.length; index += 1) {
    const follower = followers[index] as KnownName;
    if (stands(bytes, at, follower.bytes)) return follower;
  }
  return undefined;
}

/** From the end, where names differ. */
function stands(bytes: Buffer, at: number, name: Buffer): boolean {
  if (at + name.length > bytes.length) return false;
  for (let index = name.length - 1; index >= 0; index -= 1) {
    if (bytes[at + index] !== name[index]) return false;
  }
  return true;
}
