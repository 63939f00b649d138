import { isForEveryPath, type Layer } from "../../core/app/app-layers.js";
import type { DeclaredPath } from "./declared-path.js";

/** The members of a layer that matching goes through, or changes on Express before 5.3. */
interface MatchingLayer extends Layer {
  match?: (path: string) => unknown;
  params?: unknown;
  path?: unknown;
  keys?: unknown;
  readonly matchers?: unknown;
}

/**
 * How many characters of the path the layer takes from its front, when Express runs it for that path; `undefined` when
 * Express does not, or nobody can tell. Leaves no trace on the layer.
 *
 * @param declared - The paths of the layer.
 */
export function matchLayer(
  layer: Layer,
  declared: readonly DeclaredPath[],
  path: string,
): number | undefined {
  if (isForEveryPath(layer)) return 0;
  if (!declared.every((item) => isPure(item, layer))) return undefined;
  const taken = match(layer as MatchingLayer, path);
  if (taken === undefined) return undefined;
  if (layer.route !== undefined) return taken.length;
  return isFront(taken, path, layer.regexp !== undefined) ? taken.length : undefined;
}

function match(layer: MatchingLayer, path: string): string | undefined {
  const { params, path: kept, keys } = layer;
  const had = ["params", "path", "keys"].map((name) => Object.hasOwn(layer, name));
  try {
    const found = layer.match?.(path);
    if (found === false || found === undefined) return undefined;
    const taken = found === true ? layer.path : (found as { readonly path?: unknown }).path;
    return typeof taken === "string" ? taken : undefined;
  } catch {
    // A parameter that cannot be decoded.
    return undefined;
  } finally {
    if (had[0]) layer.params = params;
    if (had[1]) layer.path = kept;
    if (had[2]) layer.keys = keys;
  }
}

/** Express runs a middleware only where its path ends with a segment; Express 4 takes a dot for an end as well. */
function isFront(taken: string, path: string, isExpress4: boolean): boolean {
  const next = path[taken.length];
  if (!path.startsWith(taken)) return false;
  return taken === "" || next === undefined || next === "/" || (isExpress4 && next === ".");
}

/**
 * Whether trying the path changes nothing: an expression that goes on where it stopped matches every other time, and so
 * guards nothing.
 */
function isPure({ kind, expression }: DeclaredPath, { matchers }: MatchingLayer): boolean {
  if (expression !== undefined) return !expression.global && !expression.sticky;
  if (kind !== "unknown" || !Array.isArray(matchers)) return true;
  return matchers.every((matcher: { readonly name?: unknown }) => matcher.name === "match");
}
