/** Of another installed copy as well. */
const PLAIN = Symbol.for("express-secure-api.plain-answer/1");

/** Says of a handler that what it answers is the same for everybody and holds nothing of the app, as a 404 does. */
export function declarePlain<T extends object>(handler: T): T {
  return Object.defineProperty(handler, PLAIN, { value: true });
}

/** Whether {@link declarePlain} has said so. */
export function isPlain(handler: object): boolean {
  return (handler as { readonly [PLAIN]?: unknown })[PLAIN] === true;
}
