/** One middleware, router or route on an app, as Express keeps it. */
export interface Layer {
  readonly name?: unknown;
  readonly handle?: unknown;
  readonly route?: unknown;
  /** On a route: the method that the handler is for, in lower case; `undefined` for all. */
  readonly method?: unknown;
  /** Whether it is for every path; Express 4 keeps that on `regexp`, as `fast_slash`. */
  readonly slash?: unknown;
  readonly regexp?: unknown;
}

/** Whether the value is an app of Express 4; its router is made with `lazyrouter`, which Express 5 does not have. */
export function isExpress4(app: unknown): boolean {
  return typeof app === "function" && "lazyrouter" in app;
}

/** The layers on an Express app itself, in their order; none when it is no app, or has none yet. */
export function layersOf(app: unknown): readonly Layer[] {
  if (typeof app !== "function") return [];
  // Express 4 keeps its router under `_router`, and throws on `app.router`.
  const { _router: router4 } = app as { _router?: unknown };
  if (router4 !== undefined || isExpress4(app)) return stackOf(router4);
  return stackOf((app as { router?: unknown }).router);
}

/**
 * Every handler on an Express app: on itself, in its routers and on its routes, each once. What Express keeps out of
 * sight is missing: the layers of a mounted app, and middlewares that another one calls.
 */
export function handlersOf(app: unknown): ReadonlySet<object> {
  const handlers = new Set<object>();
  const pending = [layersOf(app)];
  for (let layers = pending.pop(); layers !== undefined; layers = pending.pop()) {
    for (const { handle, route } of layers) {
      // A router can be mounted twice, and in itself.
      if (typeof handle === "function" && !handlers.has(handle)) {
        handlers.add(handle);
        pending.push(stackOf(handle));
      }
      pending.push(stackOf(route));
    }
  }
  return handlers;
}

/**
 * The handlers that stand behind the given one on its route, on its router and on the app, whatever the path. None when
 * it is not found, because something wraps it. Of a mounted app, what is on the app around it is missing.
 */
export function handlersBehind(app: unknown, handler: unknown): readonly unknown[] {
  return behindIn(layersOf(app), handler, new Set()) ?? [];
}

function behindIn(
  layers: readonly Layer[],
  handler: unknown,
  seen: Set<unknown>,
): readonly unknown[] | undefined {
  for (const [index, layer] of layers.entries()) {
    const behind = layer.handle === handler ? [] : behindInside(layer, handler, seen);
    if (behind === undefined) continue;
    const later = layers.slice(index + 1).filter(isForEveryPath);
    return [...behind, ...later.map(({ handle }) => handle)];
  }
  return undefined;
}

function behindInside(
  { handle, route }: Layer,
  handler: unknown,
  seen: Set<unknown>,
): readonly unknown[] | undefined {
  if (route !== undefined) {
    const handles = stackOf(route).map((layer) => layer.handle);
    const at = handles.indexOf(handler);
    return at === -1 ? undefined : handles.slice(at + 1);
  }
  if (seen.has(handle)) return undefined;
  seen.add(handle);
  return behindIn(stackOf(handle), handler, seen);
}

/** Whether the layer is a middleware, router or app that is mounted at `/`. */
export function isForEveryPath({ route, slash, regexp }: Layer): boolean {
  const slash4 = (regexp as { fast_slash?: unknown } | undefined)?.fast_slash;
  return route === undefined && (slash === true || slash4 === true);
}

/**
 * The classes of all layers on an Express app, as their prototypes: one for each copy of Express's router that made
 * some. What {@link handlersOf} does not see is missing.
 */
export function layerClassesOf(app: unknown): ReadonlySet<object> {
  const all = [layersOf(app), ...[...handlersOf(app)].map(stackOf)].flat();
  // Apps of connect keep plain objects in their stacks.
  const layers = all.filter((layer) => typeof Object(layer).match === "function");
  return new Set(layers.map((layer): object => Object.getPrototypeOf(layer)));
}

/** `lib/router/layer.js` of Express 4, `lib/layer.js` of the router of Express 5, under whatever name they are installed. */
const LAYER_MODULE = /[\\/]lib[\\/](?:router[\\/])?layer\.js$/;

/** What Node.js keeps of a module. */
interface LoadedModule {
  readonly exports?: { readonly name?: unknown; readonly prototype?: unknown } | null | undefined;
}

/**
 * The classes of layers of every copy of Express's router in this process, as their prototypes, also of those that made
 * what an app hides: a router that a function calls, or that stands without an app. None where modules are bundled.
 */
export function loadedLayerClasses(): ReadonlySet<object> {
  const found = new Set<object>();
  const cache = loadedModules();
  for (const path of Object.keys(cache)) {
    if (!LAYER_MODULE.test(path)) continue;
    const loaded: LoadedModule | undefined = cache[path];
    if (loaded?.exports?.name !== "Layer") continue;
    const { prototype } = loaded.exports;
    if (typeof prototype === "object" && prototype !== null) found.add(prototype);
  }
  return found;
}

function loadedModules(): Readonly<Record<string, LoadedModule | undefined>> {
  try {
    return typeof require === "function" ? require.cache : {};
  } catch {
    // Rollup answers `typeof require` itself, and leaves the rest: an ES module has none.
    return {};
  }
}

/** What Express 4 puts first into an app by itself, whatever a bundler has made of the names. */
export function ownLayers(app: unknown): readonly Layer[] {
  if (!isExpress4(app)) return [];
  const layers = layersOf(app);
  const named = layers.filter(({ name }) => name === "query" || name === "expressInit");
  return named.length >= 2 ? named : layers.slice(0, 2);
}

/** The layers of a router or of a route; none of anything else. */
export function stackOf(holder: unknown): readonly Layer[] {
  if (holder === null || (typeof holder !== "object" && typeof holder !== "function")) return [];
  const { stack } = holder as { stack?: unknown };
  return Array.isArray(stack) ? stack : [];
}
