import type { NextFunction, Request, Response } from "express";
import type { Layer } from "../../core/app/app-layers.js";

/**
 * Sees a layer before Express calls its handler for a request.
 *
 * @returns The `next` that the handler gets; `undefined` when the handler is not to be called.
 */
export type LayerHook = (
  layer: Layer,
  req: Request,
  res: Response,
  next: NextFunction,
) => NextFunction | undefined;

type CallHandler = (this: Layer, req: Request, res: Response, next: NextFunction) => unknown;

/** Of the process: so are the classes of layers. */
const hooks = new Set<LayerHook>();
const watched = new WeakSet<object>();

/**
 * Has the hook see every layer of these classes, of whatever app: a hook looks first whether the request is its own. The
 * classes stay watched, because others may have replaced the same methods since.
 *
 * @param layerClasses - As their prototypes.
 * @throws TypeError when a class cannot be watched.
 */
export function hookLayers(layerClasses: Iterable<object>, hook: LayerHook): void {
  for (const layerClass of layerClasses) watch(layerClass);
  hooks.add(hook);
}

function watch(layerClass: object): void {
  if (watched.has(layerClass)) return;
  // Express 4 and Express 5.
  const name = ["handle_request", "handleRequest"].find((key) => Object.hasOwn(layerClass, key));
  const call = name && (layerClass as Readonly<Record<string, unknown>>)[name];
  if (name === undefined || typeof call !== "function") {
    throw new TypeError("The layers of this Express cannot be watched");
  }
  const value = callThroughHooks(call as CallHandler);
  if (!Reflect.defineProperty(layerClass, name, { value, configurable: true, writable: true })) {
    throw new TypeError("The layers of this Express cannot be watched: their class is frozen");
  }
  watched.add(layerClass);
}

function callThroughHooks(call: CallHandler): CallHandler {
  return function callHandler(req, res, next) {
    let onward = next;
    for (const hook of hooks) {
      const replaced = hook(this, req, res, onward);
      if (replaced === undefined) return undefined;
      onward = replaced;
    }
    return call.call(this, req, res, onward);
  };
}
