import type { Request } from "express";
import { isForEveryPath, type Layer, layersOf, stackOf } from "./app-layers.js";
import { matchMount } from "./layer-path.js";

/** A walk over the layers of one app, in the order in which Express tries them. */
interface Walk {
  readonly wanted: unknown;
  readonly method: string;
  readonly passed: unknown[];
  /** Routers under way: one can be mounted in itself. */
  readonly open: Set<unknown>;
}

/**
 * The handlers that a request has passed, or could have, before it came to `wanted`: on the app, in its routers and on
 * routes of the same path and method, and on the apps that it is mounted in. Where a path cannot be told, a middleware
 * counts and a route does not. What a function calls by itself is missing.
 */
export function handlersInFront(req: Request, wanted: unknown): readonly unknown[] {
  const passed: unknown[] = [];
  for (let app: unknown = req.app; typeof app === "function"; ) {
    const { parent } = app as { readonly parent?: unknown };
    // What is left of a path inside a mounted app depends on parameters of the mount.
    const path = parent === undefined ? `${req.baseUrl}${req.path}` : undefined;
    const walk: Walk = { wanted, method: req.method.toLowerCase(), passed, open: new Set() };
    walkLayers(layersOf(app), path, walk);
    app = parent;
  }
  return passed;
}

/** @returns Whether the walk has come to the wanted handler, and is over. */
function walkLayers(layers: readonly Layer[], path: string | undefined, walk: Walk): boolean {
  for (const layer of layers) {
    const { handle, route } = layer;
    if (handle === walk.wanted) return true;
    const rest = restOf(layer, path);
    if (rest === "elsewhere") continue;
    if (route !== undefined) {
      if (walkRoute(route, walk)) return true;
      continue;
    }
    walk.passed.push(handle);
    if (walk.open.has(handle)) continue;
    walk.open.add(handle);
    const isOver = walkLayers(stackOf(handle), rest.path, walk);
    walk.open.delete(handle);
    if (isOver) return true;
  }
  return false;
}

function walkRoute(route: unknown, { wanted, method, passed }: Walk): boolean {
  for (const { handle, method: only } of stackOf(route)) {
    if (only !== undefined && only !== method) continue;
    if (handle === wanted) return true;
    passed.push(handle);
  }
  return false;
}

/** What is left of the path inside the layer. */
function restOf(
  layer: Layer,
  path: string | undefined,
): "elsewhere" | { readonly path: string | undefined } {
  if (isForEveryPath(layer)) return { path };
  if (path === undefined) return layer.route === undefined ? { path } : "elsewhere";
  const match = matchMount(layer, path);
  if (match === undefined) return "elsewhere";
  return { path: path.slice(match.length) || "/" };
}
