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

/** What the slots of one request hold, by name. */
class RequestState {
  [name: string]: unknown;
}
// Nobody fills a slot through `Object.prototype`. A class, because V8 reads its instances faster than `Object.create(null)`.
Object.setPrototypeOf(RequestState.prototype, null);
Reflect.deleteProperty(RequestState.prototype, "constructor");

const STATE = Symbol.for("express-secure-api.state/1");

/**
 * Declares a slot. Each one has one owner, which says what its content means; two copies of this library that are
 * installed side by side share it by its name.
 */
export function requestSlot<T>(name: string): RequestSlot<T> {
  return Object.freeze({
    get: (req: object): T | undefined => stateOf(req)?.[name] as T | undefined,
    set(req: object, value: T): void {
      (stateOf(req) ?? createState(req))[name] = value;
    },
  });
}

function stateOf(req: object): RequestState | undefined {
  return (req as { readonly [STATE]?: RequestState })[STATE];
}

function createState(req: object): RequestState {
  const state = new RequestState();
  // Not writable and not enumerable: what copies or lists the request does not see it.
  Object.defineProperty(req, STATE, { value: state });
  return state;
}
