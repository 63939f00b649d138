/**
 * Makes the request and the response of Express cheap to read, for everybody.
 *
 * Express changes their prototype and adds members afterwards. In V8 before version 13 each of them then has a hidden
 * class of its own, and every read of a member, by Node, Express, the app or us, misses the inline caches. An object
 * that a member was deleted from is a hash table instead, which those caches know how to read: `bench/` shows what that
 * saves. The member is back at once, with the descriptor that it had.
 */
export function makeReadsCheap(req: object): void {
  const { res } = req as { readonly res?: unknown };
  if (typeof res !== "object" || res === null) return;
  // The links that Express itself sets between the two.
  deleteAndRestore(req, "res");
  deleteAndRestore(res, "req");
}

function deleteAndRestore(object: object, name: string): void {
  const descriptor = Reflect.getOwnPropertyDescriptor(object, name);
  if (descriptor === undefined || !Reflect.deleteProperty(object, name)) return;
  Object.defineProperty(object, name, descriptor);
}
