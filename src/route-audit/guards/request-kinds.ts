import { type Layer, stackOf } from "../../core/app/app-layers.js";
import type { AppMap } from "../discovery/app-map.js";
import type { DeclaredPath } from "../discovery/declared-path.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import type { EffectiveGuard } from "./effective-guard.js";

const USUAL = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/** One that an app hardly names, for what it does with all others. */
const UNUSUAL = "PROPFIND";
const MAX_WORDS = 12;

/** What requests to try beside the usual ones, because something in the app tells them apart. */
export interface RequestKinds {
  /** In upper case. */
  readonly methods: readonly string[];
  /** For the places of parameters. */
  readonly words: readonly string[];
}

/** Finds out what the routes and guards of an app tell apart. */
export function requestKinds(
  map: AppMap,
  endpoints: readonly Endpoint[],
  guards: readonly EffectiveGuard[],
): RequestKinds {
  const patterns = guards.flatMap(({ at, except }) => [...at.flat(), ...except]);
  const methods = new Set([...USUAL, UNUSUAL]);
  for (const { named, method } of endpoints) {
    for (const name of [...named, method]) if (name !== "*") methods.add(name);
  }
  for (const { method } of patterns) if (method !== undefined) methods.add(method);
  const literals = guards.flatMap(({ except }) => except.flatMap(({ segments }) => segments));
  const words = new Set([...literals, ...wordsOf(map)].filter((word) => word !== undefined));
  return { methods: [...methods], words: [...words].slice(0, MAX_WORDS) };
}

/** Words in the regular expressions at which guards stand: they may name what they leave out. */
function wordsOf(map: AppMap): readonly string[] {
  const layers = map.allLayers();
  // The layers of a route have no paths of their own.
  const onRoutes = new Set(layers.flatMap(({ route }) => stackOf(route)));
  const expressions = layers
    .filter((layer) => !onRoutes.has(layer) && holdsGuard(map, layer))
    .flatMap((layer) => map.pathsOf(layer).flatMap((path) => sourcesOf(path, layer)));
  return expressions.flatMap((source) => source.match(/(?<!\\)[\w-]{2,}/g) ?? []);
}

/** A guard by itself, on a route, or on a router that a guard stands on directly. */
function holdsGuard(map: AppMap, layer: Layer): boolean {
  const inside = map.inside(layer);
  if (inside.kind !== "route" && inside.kind !== "router") return inside.kind === "guard";
  return inside.layers.some(({ handle }) => map.brandOf(handle) !== undefined);
}

/** Express 4 has expressions within texts: `/users/:id((?!me)[^/]+)`. */
function sourcesOf({ expression, text }: DeclaredPath, { regexp }: Layer): readonly string[] {
  if (expression !== undefined) return [expression.source];
  return text.includes("(") && regexp !== undefined ? [text] : [];
}

/** The methods of the requests that come to the endpoint. HEAD goes to the handlers for GET, if there are no others. */
export function methodsFor({ method, named }: Endpoint, all: readonly string[]): readonly string[] {
  const isHeadAsGet = !named.has("HEAD");
  if (method === "GET") return isHeadAsGet ? ["GET", "HEAD"] : ["GET"];
  if (method !== "*") return [method];
  return all.filter((name) => !named.has(name) && !(name === "HEAD" && named.has("GET")));
}
