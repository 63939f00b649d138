import type { Layer } from "../../core/app/app-layers.js";
import type { AppMap } from "./app-map.js";
import type { DeclaredPath } from "./declared-path.js";
import { mayAnswer } from "./route-chain.js";

/** One layer on the way to an endpoint, with the layers that it stands among, and one of its paths. */
interface Step {
  readonly layers: readonly Layer[];
  readonly layer: Layer;
  readonly path: DeclaredPath;
}

/** Where requests can end: the steps that lead there, the outermost first. */
export interface Endpoint {
  readonly kind: "route" | "handler" | "hidden app";
  readonly steps: readonly Step[];
  /** Of a route: in upper case, `*` for those that no other endpoint of the route is for. */
  readonly method: string;
  /** Of a route: its layers that are called for the method. */
  readonly chain: readonly Layer[];
  /** Of a route: all methods that it names. */
  readonly named: ReadonlySet<string>;
}

/** Methods of one route that Express hands to the same handlers, as `app.all` declares them. */
const MANY = 20;

/** The routes of an app, and its handlers that may answer without one. */
export function findEndpoints(map: AppMap): readonly Endpoint[] {
  const found: Endpoint[] = [];
  walk(map.root, [], new Set(), map, found);
  return found;
}

/** The path as declared, with those of the mounts in front. */
export function pathTo({ steps }: Endpoint): string {
  return steps.map(({ path }) => path.text).join("") || "/";
}

/** @param open - Routers under way: one can be mounted in itself. */
function walk(
  layers: readonly Layer[],
  before: readonly Step[],
  open: ReadonlySet<unknown>,
  map: AppMap,
  found: Endpoint[],
): void {
  if (open.has(layers)) return;
  const within = new Set(open).add(layers);
  for (const layer of layers) {
    const inside = map.inside(layer);
    if (inside.kind === "nothing" || inside.kind === "guard") continue;
    for (const path of map.pathsOf(layer)) {
      const steps = [...before, { layers, layer, path }];
      if (inside.kind === "router") walk(inside.layers, steps, within, map, found);
      else if (inside.kind === "route") found.push(...endpointsOf(inside.layers, steps));
      else found.push({ kind: inside.kind, steps, method: "*", chain: [], named: new Set() });
    }
  }
}

function endpointsOf(layers: readonly Layer[], steps: readonly Step[]): readonly Endpoint[] {
  const named = new Set(layers.flatMap(({ method }) => methodOf(method) ?? []));
  const chains = new Map([...named].map((method) => [method, chainFor(layers, method)]));
  const kind = "route";
  if (isForAll(chains)) {
    const chain = [...chains.values()][0] ?? [];
    return chain.some(mayAnswer) ? [{ kind, steps, method: "*", chain, named: new Set() }] : [];
  }
  const forAll = layers.filter(({ method }) => method === undefined);
  const endpoints = [...chains].map(
    ([method, chain]) => ({ kind, steps, method, chain, named }) as const,
  );
  return [...endpoints, { kind, steps, method: "*", chain: forAll, named } as const].filter(
    ({ chain }) => chain.some(mayAnswer),
  );
}

/** `app.all` declares each method for itself. */
function isForAll(chains: ReadonlyMap<string, readonly Layer[]>): boolean {
  const [first, ...others] = [...chains.values()];
  if (first === undefined || chains.size < MANY) return false;
  return others.every(
    (chain) =>
      chain.length === first.length &&
      chain.every(({ handle }, index) => handle === first[index]?.handle),
  );
}

function chainFor(layers: readonly Layer[], method: string): readonly Layer[] {
  return layers.filter((layer) => layer.method === undefined || methodOf(layer.method) === method);
}

function methodOf(method: unknown): string | undefined {
  return typeof method === "string" ? method.toUpperCase() : undefined;
}
