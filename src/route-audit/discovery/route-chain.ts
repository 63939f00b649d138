import type { Request } from "express";
import { type Layer, stackOf } from "../../core/app/app-layers.js";
import { brandOf, hasBrand, isOwnGuard, takesRequests } from "./handler.js";

/**
 * The routes that one request was handed to, each with the method that it had then: Express goes by that one, whatever
 * handlers do to `req.method` and `req.route` afterwards.
 */
export class EnteredRoutes {
  readonly #methods = new Map<unknown, string>();
  readonly #routes: unknown[] = [];

  /** @param layer - One that Express is about to call. */
  enter({ route }: Layer, req: Request): void {
    if (route === undefined || route === null) return;
    if (!this.#methods.has(route)) this.#routes.push(route);
    this.#methods.set(route, String(req.method));
  }

  /** The route that has the layer; `undefined` when none has it that the request was handed to. */
  routeOf(layer: Layer, req: Request): unknown {
    const holds = (route: unknown): boolean => stackOf(route).includes(layer);
    return this.#routes.findLast(holds) ?? (holds(req.route) ? req.route : undefined);
  }

  /** Whether the layer holds the last handler of its route for the request, or may, for all that is known. */
  isLast(layer: Layer, req: Request): boolean {
    // Only the layers of routes say for which method they are, if only that they are for all.
    if (!Object.hasOwn(layer, "method") || !isHandler(layer)) return false;
    const route = this.routeOf(layer, req);
    // Of a route that was called by hand, and took its name off the request, nobody knows what follows.
    if (route === undefined) return true;
    const method = this.#methods.get(route) ?? String(req.method);
    // A layer for one method is only called for that one, and one for GET perhaps for HEAD.
    const named = typeof layer.method === "string" ? layer.method : method;
    return isLastHandler(layer, stackOf(route), named);
  }
}

/**
 * Whether the layer holds the last handler of its route for the method, which does what the route is for. Guards do not
 * count, whatever stands behind them.
 *
 * @param layers - All of the route.
 */
function isLastHandler(layer: Layer, layers: readonly Layer[], method: string): boolean {
  return layersCalled(layers, method).findLast(isHandler) === layer;
}

/** The layers of a route that Express calls for the method: HEAD goes to those for GET, where there are none for HEAD. */
export function layersCalled(layers: readonly Layer[], method: string): readonly Layer[] {
  const isHeadAsGet = method === "HEAD" && layers.every((layer) => layer.method !== "head");
  const wanted = isHeadAsGet ? "get" : method.toLowerCase();
  return layers.filter((layer) => layer.method === undefined || layer.method === wanted);
}

/** Whether it may answer requests and is no guard. */
function isHandler({ handle }: Layer): boolean {
  return takesRequests(handle) && !hasBrand(handle);
}

/**
 * Whether it may answer a request for the route, as far as the audit knows: a brand that demands nothing of the caller, on
 * what is not a guard of this package, may stand on the very handler.
 */
export function mayAnswer({ handle }: Layer): boolean {
  if (!takesRequests(handle)) return false;
  const kind = brandOf(handle)?.kind;
  return kind === undefined || (!DECIDES.has(kind) && !isOwnGuard(handle));
}

/** What a guard of these kinds refuses, it answers; what it does not refuse, it hands on. */
const DECIDES: ReadonlySet<unknown> = new Set(["authentication", "authorization", "preset"]);
