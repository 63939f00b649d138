import type { Layer } from "../../core/app/app-layers.js";
import { hasBrand, takesRequests } from "./handler.js";

/**
 * Whether the layer holds the last handler of its route for the method, which does what the route is for. Guards do not
 * count, whatever stands behind them.
 *
 * @param layers - All of the route.
 */
export function isLastHandler(layer: Layer, layers: readonly Layer[], method: string): boolean {
  return isHandler(layer) && layersCalled(layers, method).findLast(isHandler) === layer;
}

/** The layers of a route that Express calls for the method: HEAD goes to those for GET, where there are none for HEAD. */
export function layersCalled(layers: readonly Layer[], method: string): readonly Layer[] {
  const isHeadAsGet = method === "HEAD" && layers.every((layer) => layer.method !== "head");
  const wanted = isHeadAsGet ? "get" : method.toLowerCase();
  return layers.filter((layer) => layer.method === undefined || layer.method === wanted);
}

/** Whether it may answer requests and is no guard. */
export function isHandler({ handle }: Layer): boolean {
  return takesRequests(handle) && !hasBrand(handle);
}
