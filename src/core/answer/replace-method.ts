import type { Response } from "express";

type MethodName = "end" | "json" | "jsonp" | "write" | "writeHead";

/**
 * Replaces a method of responses where it is told to: on an object that responses inherit from, or on one response. Once
 * for each object, so that it costs the requests less than to watch each response.
 *
 * Bridges to HTTP/2 copy the methods of a response to objects that inherit from another class: there the copy finds the
 * method of that class.
 *
 * @param make - Makes the method. `original` gives the one that a response had before: what stands further up may be
 * replaced later, by instrumentation, so it is looked up at each call.
 */
export function replaceMethod<Name extends MethodName>(
  name: Name,
  make: (original: (res: Response) => Response[Name]) => Response[Name],
): (target: object) => void {
  // Of the process: so are the apps, and what was replaced stays.
  const changed = new WeakSet<object>();
  const made = new WeakSet<object>();
  // Nearly always the same one, for each request.
  let last: object | undefined;

  return function replaceOn(target) {
    if (target === last) return;
    last = target;
    if (changed.has(target)) return;
    changed.add(target);
    const own = ownMethod(target, name);
    // A copy of what was made for another object.
    if (own !== undefined && made.has(own)) return;
    const value = make(original);
    made.add(value);
    Reflect.defineProperty(target, name, { value, configurable: true, writable: true });

    function original(res: Response): Response[Name] {
      // The one that stands furthest up: below it are copies, of middlewares that put the method of a response back as they
      // found it, and of bridges.
      let highest: object | undefined;
      for (
        let holder: object | null = res;
        holder !== null;
        holder = Object.getPrototypeOf(holder)
      ) {
        if (ownMethod(holder, name) === value) highest = holder;
        if (holder === target) break;
      }
      if (highest === undefined) return own ?? (Object.getPrototypeOf(target) as Response)[name];
      const above = (Object.getPrototypeOf(highest) as Response | null)?.[name];
      return highest === target
        ? (own ?? (above as Response[Name]))
        : (above ?? (own as Response[Name]));
    }
  };
}

function ownMethod<Name extends MethodName>(
  holder: object,
  name: Name,
): Response[Name] | undefined {
  return Object.hasOwn(holder, name) ? (holder as Response)[name] : undefined;
}
