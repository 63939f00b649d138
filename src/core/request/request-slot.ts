/**
 * A typed place of its owner on every request: the only way in which the parts of this library talk to each other.
 *
 * Handlers and other packages overwrite `req.auth`, `req.user` and the like, so nothing is ever read back from there.
 */
export interface RequestSlot<T> {
  /** What was put there, or `undefined`. */
  get(req: object): T | undefined;
  set(req: object, value: T): void;
}

/**
 * What the slots of one request hold, in the order in which the copy of this library declared them that made it. By
 * number and not by name, because every guard looks into several slots, and V8 finds a member by a name that varies ten
 * times slower.
 */
interface RequestState {
  readonly names: readonly string[];
  readonly values: unknown[];
}

const STATE = Symbol.for("express-secure-api.state/1");

/** Of all slots that this copy of the library has declared. */
const names: string[] = [];

/**
 * Declares a slot. Each one has one owner, which says what its content means; two copies of this library that are
 * installed side by side share it by its name.
 */
export function requestSlot<T>(name: string): RequestSlot<T> {
  const index = indexOf(names, name);
  return Object.freeze({
    get(req: object): T | undefined {
      const state = stateOf(req);
      if (state === undefined) return undefined;
      const at = state.names === names ? index : state.names.indexOf(name);
      // What lies outside would be looked for on `Array.prototype`, which others may fill.
      return at >= 0 && at < state.values.length ? (state.values[at] as T) : undefined;
    },
    set(req: object, value: T): void {
      const { names: declared, values } = stateOf(req) ?? createState(req);
      const at = declared === names ? index : indexOf(declared as string[], name);
      while (values.length <= at) values.push(undefined);
      values[at] = value;
    },
  });
}

/** The place of the name in the list, where it is added if need be. */
function indexOf(list: string[], name: string): number {
  const index = list.indexOf(name);
  return index === -1 ? list.push(name) - 1 : index;
}

function stateOf(req: object): RequestState | undefined {
  return (req as { readonly [STATE]?: RequestState })[STATE];
}

function createState(req: object): RequestState {
  const state: RequestState = { names, values: names.map(() => undefined) };
  // Not writable and not enumerable: what copies or lists the request does not see it.
  Object.defineProperty(req, STATE, { value: state });
  return state;
}
