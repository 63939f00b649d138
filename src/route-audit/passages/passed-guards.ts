import { isForEveryPath, type Layer } from "../../core/app/app-layers.js";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import type { AppMap } from "../discovery/app-map.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import { takesRequests } from "../discovery/handler.js";
import { layersCalled, mayAnswer } from "../discovery/route-chain.js";
import type { IndexedApp } from "../indexes/indexed-app.js";

/** A guard that a request was handed to, with what Express would have told it of the path. */
export interface PassedGuard {
  readonly handle: object;
  readonly mark: GuardDescription;
  readonly baseUrl: string;
  readonly path: string;
}

/** Where a request stands; `path` is `undefined` where it is not known. */
interface Place {
  readonly baseUrl: string;
  readonly path: string | undefined;
}

/** Leads one imagined request through the layers of an app, as Express would. */
export class ImaginedRequest {
  readonly passed: PassedGuard[] = [];
  /** Whether it has passed a route with a handler that is no guard, which may have answered. */
  isTaken = false;
  readonly #app: IndexedApp;
  readonly #map: AppMap;
  readonly #method: string;
  /** The routers that it is in, beside the way to the endpoint. */
  readonly #under = new Map<readonly Layer[], Place>();

  /** @param method - In upper case. */
  constructor(app: IndexedApp, method: string) {
    this.#app = app;
    this.#map = app.map;
    this.#method = method;
  }

  /**
   * Goes to the endpoint, past everything that Express would try before, in its order.
   *
   * @param url - The path. Without it, only what runs for every path is passed.
   * @returns Whether it comes there, if everything in front calls `next()`.
   */
  goTo({ steps, kind, chain }: Endpoint, url: string | undefined): boolean {
    let place: Place = { baseUrl: "", path: url };
    for (const { layers, layer } of steps) {
      const index = this.#app.indexOf(layers);
      const { path } = place;
      for (const other of path === undefined ? index.forEveryPath : index.find(path)) {
        if (!index.isBefore(other, layer)) break;
        this.#pass(other, place);
      }
      const inner = this.#enter(layer, place, true);
      if (inner === undefined) return false;
      place = inner;
    }
    if (kind === "route") this.#passOwn(chain, place);
    return true;
  }

  /** @returns Whether what stands behind in the same router runs for certain: a handler may call `next("router")`. */
  #pass(layer: Layer, place: Place): boolean {
    const inside = this.#map.inside(layer);
    if (inside.kind === "nothing") return true;
    if (inside.kind === "route") return this.#passRoute(layer, inside.layers, place);
    const inner = this.#enter(layer, place, false);
    if (inner === undefined) return true;
    if (inside.kind === "guard") this.#note(layer.handle, inner);
    else if (inside.kind === "router") this.#passRouter(inside.layers, inner);
    else return inside.kind === "hidden app";
    return true;
  }

  #passRouter(layers: readonly Layer[], place: Place): void {
    const outer = this.#under.get(layers);
    // A router that is mounted in itself, at no path: Express would go round in circles.
    if (outer !== undefined && outer.path === place.path) return;
    this.#under.set(layers, place);
    const others = place.path === undefined ? layers : this.#app.indexOf(layers).find(place.path);
    for (const other of others) if (!this.#pass(other, place)) break;
    if (outer === undefined) this.#under.delete(layers);
    else this.#under.set(layers, outer);
  }

  /** Behind a handler that may call `next("route")`, no guard of a route counts for others. */
  #passRoute(layer: Layer, layers: readonly Layer[], place: Place): boolean {
    if (layers.length === 0) return true;
    if (place.path === undefined) return false;
    const chain = layersCalled(layers, this.#method);
    if (chain.length === 0 || this.#map.match(layer, place.path) === undefined) return true;
    for (const { handle } of chain) {
      if (!takesRequests(handle)) continue;
      if (this.#map.brandOf(handle) === undefined) {
        this.isTaken = true;
        return false;
      }
      this.#note(handle, place);
    }
    return true;
  }

  /** Whether a request for the path comes to the endpoint, whatever it passes. */
  static leadsTo({ steps }: Endpoint, app: IndexedApp, url: string): boolean {
    const imagined = new ImaginedRequest(app, "GET");
    let place: Place | undefined = { baseUrl: "", path: url };
    for (const { layer } of steps) {
      if (place !== undefined) place = imagined.#enter(layer, place, true);
    }
    return place !== undefined;
  }

  /** The guards in front of the last handler of the route, and this one if it says itself that it is open. */
  #passOwn(chain: readonly Layer[], place: Place): void {
    const last = chain.findLastIndex(mayAnswer);
    const isDeclared = this.#map.brandOf(chain[last]?.handle)?.kind === "public";
    for (const { handle } of chain.slice(0, isDeclared ? last + 1 : last)) {
      if (takesRequests(handle)) this.#note(handle, place);
    }
  }

  /** @param isGiven - Whether the layer is on the way: where the path is not known, it is taken for granted. */
  #enter(layer: Layer, { baseUrl, path }: Place, isGiven: boolean): Place | undefined {
    if (path === undefined) return isGiven || isForEveryPath(layer) ? { baseUrl, path } : undefined;
    const taken = this.#map.match(layer, path);
    if (taken === undefined) return undefined;
    if (layer.route !== undefined) return { baseUrl, path };
    const rest = path.slice(taken);
    return {
      baseUrl: baseUrl + path.slice(0, taken).replace(/\/$/, ""),
      path: rest.startsWith("/") ? rest : `/${rest}`,
    };
  }

  #note(handle: unknown, { baseUrl, path = "" }: Place): void {
    const mark = this.#map.brandOf(handle);
    if (mark === undefined || typeof handle !== "function") return;
    this.passed.push({ handle, mark, baseUrl, path });
  }
}
