import { type Layer, layersOf, stackOf } from "../../core/app/app-layers.js";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import { assertApp } from "./check-app.js";
import { ClosureReader } from "./closure-reader.js";
import { type DeclaredPath, mountPaths, routePaths } from "./declared-path.js";
import { brandOf, nameOf, routerLayers, takesRequests } from "./handler.js";
import { matchLayer } from "./layer-match.js";

/** What stands behind a layer: a route, the layers of a router or mounted app, or a handler; an error handler is none. */
export type Inside =
  | { readonly kind: "route"; readonly layers: readonly Layer[] }
  | { readonly kind: "router"; readonly layers: readonly Layer[] }
  | { readonly kind: "guard" }
  | { readonly kind: "handler" }
  | { readonly kind: "hidden app" }
  | { readonly kind: "nothing" };

/** Express 4 puts these first by itself. */
const OWN_LAYERS = ["query", "expressInit"];

/**
 * What can be found out about the layers of an app, each once. It reads private members of Express, and closures where
 * Express keeps nothing else.
 */
export class AppMap {
  readonly root: readonly Layer[];
  readonly #insides = new WeakMap<object, Inside>();
  readonly #paths = new WeakMap<Layer, readonly DeclaredPath[]>();
  readonly #brands = new WeakMap<object, GuardDescription | null>();
  #reader: ClosureReader | undefined;
  #isTried = false;

  /** @param app - An app, or a router that stands alone. */
  constructor(app: unknown) {
    assertApp(app);
    this.root = this.#rootOf(app);
  }

  /** The paths that the layer was declared with. */
  pathsOf(layer: Layer): readonly DeclaredPath[] {
    const known = this.#paths.get(layer);
    if (known !== undefined) return known;
    const found =
      layer.route === undefined ? mountPaths(layer, () => this.#open()) : routePaths(layer);
    this.#paths.set(layer, found);
    return found;
  }

  /** How many characters the layer takes from the front of the path; `undefined` where Express does not run it. */
  match(layer: Layer, path: string): number | undefined {
    return matchLayer(layer, this.pathsOf(layer), path);
  }

  inside(layer: Layer): Inside {
    // `app.all` makes a layer of each method for one handler, and the inspector takes its time.
    const { handle, route } = layer;
    const key = route === undefined && typeof handle === "function" ? handle : layer;
    const known = this.#insides.get(key);
    if (known !== undefined) return known;
    const found = this.#lookInside(layer);
    this.#insides.set(key, found);
    return found;
  }

  /** The brand of the handler: that of a preset may be long, and many requests come to it. */
  brandOf(handler: unknown): GuardDescription | undefined {
    if (typeof handler !== "function") return undefined;
    let brand = this.#brands.get(handler);
    if (brand === undefined) {
      brand = brandOf(handler) ?? null;
      this.#brands.set(handler, brand);
    }
    return brand ?? undefined;
  }

  /** Every layer of the app, on its routers, mounted apps and routes, each once. */
  allLayers(): readonly Layer[] {
    const found = new Set<Layer>();
    const pending = [...this.root];
    for (let layer = pending.pop(); layer !== undefined; layer = pending.pop()) {
      if (found.has(layer)) continue;
      found.add(layer);
      const inside = this.inside(layer);
      if (inside.kind === "route" || inside.kind === "router") pending.push(...inside.layers);
    }
    return [...found];
  }

  /** The file that holds the source of the handler, as far as that can be told. */
  fileOf(handler: unknown): string | undefined {
    return this.#open()?.fileOf(handler);
  }

  /** Releases the inspector. */
  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  #rootOf(app: unknown): readonly Layer[] {
    const layers = layersOf(app);
    if (layers.length === 0) return routerLayers(app) ?? [];
    const isOwn = OWN_LAYERS.every((name, index) => layers[index]?.name === name);
    return isOwn ? layers.slice(OWN_LAYERS.length) : layers;
  }

  #lookInside(layer: Layer): Inside {
    const { handle, route } = layer;
    if (route !== undefined) return { kind: "route", layers: stackOf(route) };
    if (!takesRequests(handle)) return { kind: "nothing" };
    if (this.brandOf(handle) !== undefined) return { kind: "guard" };
    const layers = routerLayers(handle);
    if (layers !== undefined) return { kind: "router", layers };
    const app = this.#mountedApp(handle);
    if (app !== undefined) return { kind: "router", layers: this.#rootOf(app) };
    return nameOf(handle) === "mounted_app" ? { kind: "hidden app" } : { kind: "handler" };
  }

  /** Express hands requests to a mounted app by a function that has closed over nothing but that app. */
  #mountedApp(handle: unknown): unknown {
    const [variables = []] = this.#open()?.scopesOf(handle, 1) ?? [];
    return variables.length === 1 ? variables.find(isMountedApp) : undefined;
  }

  #open(): ClosureReader | undefined {
    if (!this.#isTried) this.#reader = ClosureReader.open();
    this.#isTried = true;
    return this.#reader;
  }
}

function isMountedApp(value: unknown): boolean {
  if (typeof value !== "function") return false;
  const { handle, set, mountpath, parent } = value as unknown as Readonly<Record<string, unknown>>;
  const isApp = typeof handle === "function" && typeof set === "function";
  return isApp && mountpath !== undefined && typeof parent === "function";
}
