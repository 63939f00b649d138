import type { Request } from "express";
import { type Layer, layersOf, stackOf } from "../../core/app/app-layers.js";
import { matchMount } from "../../core/app/layer-path.js";

/** Where a router stands, as a template. */
export interface MountPath {
  readonly template: string;
  /** Whether the router with the route was found there: else a middleware that calls a router may stand in between. */
  readonly certain: boolean;
}

/** What a search through the layers of an app knows. */
interface Search {
  readonly route: object;
  /** The apps that are mounted in each other, the outermost first. */
  readonly apps: readonly unknown[];
  /** Whether the whole path must be taken, because it is the path of the router. */
  readonly whole: boolean;
  layersLeft: number;
  /** Where the last function stands that may have called a router. */
  unseen: string | undefined;
}

const MAX_DEPTH = 32;
const MAX_LAYERS = 20_000;
const MAX_SEGMENTS = 32;

/**
 * Where the router of the route is mounted, as a template: the paths as the app declared them, and `:value` for each
 * segment of which nobody can prove that it stands in the code.
 *
 * @param base - The path as requested.
 */
export function mountPathOf(req: Request, route: object, base: string): MountPath {
  const search = newSearch(req, route, true);
  const found = searchApp(search, base);
  if (found !== undefined) return { template: found, certain: true };
  return { template: search.unseen ?? placeholders(base), certain: false };
}

/**
 * Finds where the router of the route is mounted, if its path is not known.
 *
 * @param path - Of the whole request.
 * @returns `undefined` when that cannot be told.
 */
export function findMountPath(req: Request, route: object, path: string): string | undefined {
  return searchApp(newSearch(req, route, false), path);
}

function newSearch(req: Request, route: object, whole: boolean): Search {
  return { route, apps: appsOf(req), whole, layersLeft: MAX_LAYERS, unseen: undefined };
}

function searchApp(search: Search, path: string): string | undefined {
  try {
    return searchLayers(search, layersOf(search.apps[0]), path, "", 0, 0);
  } catch {
    // A property of the app that throws.
    return undefined;
  }
}

function searchLayers(
  search: Search,
  layers: readonly Layer[],
  path: string,
  template: string,
  app: number,
  depth: number,
): string | undefined {
  search.layersLeft -= layers.length;
  if (search.layersLeft < 0) return undefined;
  if ((!search.whole || path === "") && layers.some(({ route }) => route === search.route))
    return template;
  if (depth >= MAX_DEPTH) return undefined;
  for (const layer of layers) {
    if (layer.route !== undefined) continue;
    const match = matchMount(layer, path === "" ? "/" : path);
    if (match === undefined) continue;
    const mounted = template + (match.template ?? placeholders(path.slice(0, match.length)));
    const rest = path.slice(match.length);
    const isApp = (layer.handle as { readonly name?: unknown } | undefined)?.name === "mounted_app";
    const inner = isApp ? layersOf(search.apps[app + 1]) : stackOf(layer.handle);
    const found =
      inner.length === 0
        ? undefined
        : searchLayers(search, inner, rest, mounted, isApp ? app + 1 : app, depth + 1);
    if (found !== undefined) return found;
    // What takes nothing says nothing about where a router stands.
    if (inner.length === 0 && match.length > 0) search.unseen = mounted + placeholders(rest);
  }
  return undefined;
}

function appsOf(req: Request): readonly unknown[] {
  const apps: unknown[] = [];
  try {
    let app: unknown = (req as { readonly app?: unknown }).app;
    while (typeof app === "function" && apps.length < MAX_DEPTH) {
      apps.unshift(app);
      app = (app as { readonly parent?: unknown }).parent;
    }
  } catch {
    // A property of the app that throws.
  }
  return apps;
}

function placeholders(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "").length;
  return "/:value".repeat(Math.min(segments, MAX_SEGMENTS));
}
