import type { Request } from "express";
import { findMountPath, type MountPath, mountPathOf } from "./mount-path.js";

/** Parts of a path that can match a number of segments that cannot be told from it. */
const UNCOUNTABLE = /[*+?(){}\\]/;
/** The pattern of a parameter of Express 4 that matches neither a slash nor nothing: `:id(\\d+)`, `:kind(new|old)`. */
const WITHIN_SEGMENT =
  /(:\w+)\((?:(?:\\[dw]|\[(?:\\[dw]|[\w-])+\])(?:\+|\{[1-9]\d*(?:,\d*)?\})?|[\w-]+(?:\|[\w-]+)*)\)/g;

/** Of each route: routers are mounted once or twice, but values in their paths can be many, and long. */
const MAX_KNOWN = 8;
const MAX_KNOWN_LENGTH = 128;

/** Where a router stands, and the template of its route there: one text for all requests, which maps need not hash again. */
interface KnownMount extends MountPath {
  readonly path: unknown;
  readonly joined: string;
}

/** Finds the templates of routes. What was found for the path of a router is kept. */
export class RouteTemplates {
  readonly #known = new WeakMap<object, Map<string, KnownMount>>();

  /**
   * The template of the route that took the request, such as `/v1/orders/:id`, with the template of where its router
   * is mounted in front. A segment that cannot be proven to stand in the code of the app is `:value`.
   *
   * Express forgets the router's path once an error handler answers, or nobody does: it is found again by counting
   * segments, or else by looking for the route.
   *
   * @param failed - Whether an error handler may have answered.
   * @returns `undefined` when no route matched.
   */
  of(req: Request, failed: boolean): string | undefined {
    const route: unknown = req.route;
    if (!isRoute(route)) return undefined;
    const { path } = route;
    // Handlers replace everything, and an app that is done with a request, as before Express's own pages, takes it back.
    const given: unknown = req.baseUrl;
    const baseUrl = typeof given === "string" ? given : "";
    if (!failed && given === baseUrl) {
      if (baseUrl === "") return join("", path);
      const known = this.#mounted(req, route, baseUrl);
      return known.path === path ? known.joined : join(known.template, path);
    }
    const counted = countedBase(req, path);
    if (counted === "" && baseUrl === "") return join("", path);
    const base = counted?.startsWith(baseUrl) ? counted : baseUrl;
    const mount = base === "" ? undefined : this.#mounted(req, route, base);
    if (mount?.certain === true) return join(mount.template, path);
    return join(findMountPath(req, route, pathOf(req)) ?? mount?.template ?? "", path);
  }

  #mounted(req: Request, route: { readonly path: unknown }, base: string): KnownMount {
    let known = this.#known.get(route);
    const earlier = known?.get(base);
    if (earlier !== undefined) return earlier;
    const { path } = route;
    const mount = mountPathOf(req, route, base);
    const found = { ...mount, path, joined: join(mount.template, path) };
    if (base.length > MAX_KNOWN_LENGTH) return found;
    if (known === undefined) {
      known = new Map();
      this.#known.set(route, known);
    } else if (known.size >= MAX_KNOWN) known.clear();
    known.set(base, found);
    return found;
  }
}

/** Whether Express made it: what a handler puts in its place may have the path of the request. */
function isRoute(route: unknown): route is { readonly path: unknown } {
  const { path, stack, dispatch } = (route ?? {}) as Record<string, unknown>;
  return path !== undefined && Array.isArray(stack) && typeof dispatch === "function";
}

function join(mounted: string, path: unknown): string {
  const template = String(path);
  return mounted !== "" && template === "/" ? mounted : mounted + template;
}

/** The path of the router, as requested: what stands in front of as many segments as the route has. */
function countedBase(req: Request, path: unknown): string | undefined {
  const own = Array.isArray(path) ? commonCount(path) : segmentsOf(path);
  if (own === undefined) return undefined;
  const segments = pathOf(req).replace(/\/+$/, "").split("/");
  return segments.slice(0, Math.max(1, segments.length - own)).join("/");
}

function commonCount(paths: readonly unknown[]): number | undefined {
  const [first, ...others] = paths.map(segmentsOf);
  return others.every((count) => count === first) ? first : undefined;
}

function segmentsOf(path: unknown): number | undefined {
  if (typeof path !== "string" || !path.startsWith("/")) return undefined;
  const plain = path.replaceAll(WITHIN_SEGMENT, "$1");
  if (UNCOUNTABLE.test(plain)) return undefined;
  return plain === "/" ? 0 : plain.replace(/\/+$/, "").split("/").length - 1;
}

/** The path of the whole request. */
function pathOf({ originalUrl }: { readonly originalUrl: unknown }): string {
  if (typeof originalUrl !== "string" || !originalUrl.startsWith("/")) return "";
  const end = originalUrl.search(/[?#]/);
  return end === -1 ? originalUrl : originalUrl.slice(0, end);
}
