import type { Layer } from "../../core/app/app-layers.js";
import type { AppMap } from "../discovery/app-map.js";
import { LayerIndex } from "./layer-index.js";

/** The layers of an app, and of each router an index that is made when a request first comes there. */
export class IndexedApp {
  readonly map: AppMap;
  readonly #indexes = new WeakMap<readonly Layer[], LayerIndex>();

  constructor(map: AppMap) {
    this.map = map;
  }

  indexOf(layers: readonly Layer[]): LayerIndex {
    let index = this.#indexes.get(layers);
    if (index === undefined) {
      index = new LayerIndex(layers, this.map);
      this.#indexes.set(layers, index);
    }
    return index;
  }
}
