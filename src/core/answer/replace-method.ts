import type { Response } from "express";

/**
 * Replaces a method of responses where it is told to: on `app.response`, the prototype of the responses in an app and in
 * those mounted in it, or on one response. Once for each object, so that it costs the requests less than to watch each
 * response.
 *
 * @param make - Makes the method. `original` gives the one that stood there: what stands further up may be replaced
 * later, by instrumentation, so it is looked up at each call.
 */
export function replaceMethod<
  Name extends "end" | "json" | "jsonp" | "setHeader" | "write" | "writeHead",
>(name: Name, make: (original: () => Response[Name]) => Response[Name]): (target: object) => void {
  // Of the process: so are the apps, and what was replaced stays.
  const changed = new WeakSet<object>();

  return function replaceOn(target) {
    if (changed.has(target)) return;
    changed.add(target);
    const own = Object.hasOwn(target, name) ? (target as Response)[name] : undefined;
    const inherited = Object.getPrototypeOf(target) as Response;
    const value = make(() => own ?? inherited[name]);
    Reflect.defineProperty(target, name, { value, configurable: true, writable: true });
  };
}
