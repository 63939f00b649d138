import { isForEveryPath, type Layer } from "../../core/app/app-layers.js";
import type { AppMap } from "../discovery/app-map.js";
import { outlineOf, type ReadPath } from "./path-outline.js";
import { PathTrie } from "./path-trie.js";

/** Routers in routers are looked through so deep; below, one counts as if everything in it might match. */
const MAX_DEPTH = 4;

/** Finds the layers of one router that Express may run for a path, without trying all of them. */
export class LayerIndex {
  /** Those that Express runs for every path. */
  readonly forEveryPath: readonly Layer[];
  readonly #layers: readonly Layer[];
  readonly #map: AppMap;
  readonly #trie = new PathTrie();
  readonly #positions = new Map<Layer, number>();

  constructor(layers: readonly Layer[], map: AppMap) {
    this.#layers = layers;
    this.#map = map;
    this.forEveryPath = layers.filter(isForEveryPath);
    for (const [position, layer] of layers.entries()) {
      if (!this.#positions.has(layer)) this.#positions.set(layer, position);
      this.#add(layer, [], position, new Set([layers]));
    }
  }

  /**
   * Those that may match the path, in their order, and some that do not. Of routers, those in which something may that
   * matters to what stands behind them.
   */
  find(path: string): readonly Layer[] {
    return this.#trie.find(path).map((position) => this.#layers[position] as Layer);
  }

  /** Whether the layer stands in front of the other one. */
  isBefore(layer: Layer, other: Layer): boolean {
    return this.#positionOf(layer) < this.#positionOf(other);
  }

  #positionOf(layer: Layer): number {
    return this.#positions.get(layer) ?? -1;
  }

  /**
   * @param outer - The paths of the routers that lead there, within the router of this index.
   * @param open - The layers of these routers: one can be mounted in itself.
   */
  #add(layer: Layer, outer: readonly ReadPath[], position: number, open: Set<unknown>): void {
    const inside = this.#map.inside(layer);
    if (inside.kind === "nothing") return;
    for (const path of this.#map.pathsOf(layer)) {
      const paths = [...outer, { path, isExpress4: layer.regexp !== undefined }];
      const outline = outlineOf(paths);
      if (inside.kind === "route") this.#trie.add(outline, position);
      else if (inside.kind === "router" && isNew(inside.layers, open) && !outline.isOpen) {
        this.#addInner(inside.layers, paths, position, new Set(open).add(inside.layers));
      } else this.#trie.add({ ...outline, isOpen: true }, position);
    }
  }

  /** Only guards and routes of an inner router matter to others, and none behind a handler for all of its paths. */
  #addInner(
    layers: readonly Layer[],
    outer: readonly ReadPath[],
    position: number,
    open: Set<unknown>,
  ): void {
    for (const layer of layers) {
      const { kind } = this.#map.inside(layer);
      if (kind === "handler" && isForEveryPath(layer)) return;
      if (kind !== "handler" && kind !== "hidden app") this.#add(layer, outer, position, open);
    }
  }
}

function isNew(layers: readonly Layer[], open: ReadonlySet<unknown>): boolean {
  return !open.has(layers) && open.size <= MAX_DEPTH;
}
