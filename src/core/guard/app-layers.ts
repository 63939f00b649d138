/** One middleware, router or route on an app, as Express keeps it. */
export interface Layer {
  readonly name?: unknown;
  readonly handle?: unknown;
  readonly route?: unknown;
}

/** The layers on an Express app itself, in their order; none when it is no app, or has none yet. */
export function layersOf(app: unknown): readonly Layer[] {
  if (typeof app !== "function") return [];
  // Express 4 keeps its router under `_router`, makes it with `lazyrouter`, and throws on `app.router`.
  const { _router: router4 } = app as { _router?: unknown };
  if (router4 !== undefined || "lazyrouter" in app) return stackOf(router4);
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
 * The classes of all layers on an Express app, as their prototypes: one for each copy of Express's router that made
 * some. What {@link handlersOf} does not see is missing.
 */
export function layerClassesOf(app: unknown): ReadonlySet<object> {
  const layers = [layersOf(app), ...[...handlersOf(app)].map(stackOf)].flat();
  return new Set(layers.map((layer): object => Object.getPrototypeOf(layer)));
}

/** What Node.js keeps of a module. */
interface LoadedModule {
  readonly exports?: { readonly prototype?: unknown } | null | undefined;
}

/**
 * The classes of layers of every copy of Express's router in this process, as their prototypes, also of those that made
 * what an app hides: a router that a function calls, or that stands without an app. None where modules are bundled.
 */
export function loadedLayerClasses(): ReadonlySet<object> {
  const found = new Set<object>();
  const cache = typeof require === "function" ? require.cache : undefined;
  for (const path of Object.keys(cache ?? {})) {
    // express/lib/router/layer.js of Express 4, router/lib/layer.js of Express 5.
    if (!path.endsWith("layer.js")) continue;
    const loaded: LoadedModule | undefined = cache?.[path];
    const prototype = loaded?.exports?.prototype;
    if (typeof prototype === "object" && prototype !== null) found.add(prototype);
  }
  return found;
}

/** The layers of a router or of a route. */
function stackOf(holder: unknown): readonly Layer[] {
  if (holder === null || (typeof holder !== "object" && typeof holder !== "function")) return [];
  const { stack } = holder as { stack?: unknown };
  return Array.isArray(stack) ? stack : [];
}
