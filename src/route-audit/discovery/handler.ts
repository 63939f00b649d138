import { type Layer, stackOf } from "../../core/app/app-layers.js";
import {
  describeGuard,
  type GuardDescription,
  guardMark,
  isMadeHere,
} from "../../core/guard/guard-mark.js";

/** Where instrumentation keeps what it wraps: shimmer (OpenTelemetry and others), and dd-trace. */
const ORIGINALS = ["__original", "_datadog_orig"] as const;
const MAX_WRAPPERS = 10;

/** The function and what it wraps, the outermost first, as far as wrappers say so. */
export function unwrapped(handler: unknown): readonly object[] {
  const found: object[] = [];
  let current = handler;
  while (typeof current === "function" && !found.includes(current) && found.length < MAX_WRAPPERS) {
    found.push(current);
    const wrapper = current as Partial<Record<(typeof ORIGINALS)[number], unknown>>;
    // Only what the wrapper has of its own: what all functions inherit says nothing of one.
    current = ORIGINALS.filter((name) => Object.hasOwn(wrapper, name))
      .map((name) => wrapper[name])
      .find((value) => typeof value === "function");
  }
  return found;
}

/**
 * What the brand of the handler, or of what it wraps, says; `undefined` when it has none. The guard itself, where a
 * wrapper leads to it, tells more than the brand that the wrapper has copied from it.
 */
export function brandOf(handler: unknown): GuardDescription | undefined {
  const branded = unwrapped(handler).filter((one) => guardMark(one) !== undefined);
  if (branded.length < 2) return branded[0] && describeGuard(branded[0]);
  const brand = JSON.stringify(branded[0] && guardMark(branded[0]));
  const own = branded.findLast((one) => JSON.stringify(guardMark(one)) === brand);
  return own === undefined ? undefined : describeGuard(own);
}

/** Whether {@link brandOf} says anything of it. */
export function hasBrand(handler: unknown): boolean {
  return unwrapped(handler).some((one) => guardMark(one) !== undefined);
}

/** Whether a guard of this package is the function, or is wrapped by it. */
export function isOwnGuard(handler: unknown): boolean {
  return unwrapped(handler).some(isMadeHere);
}

/** The layers of the router that the handler is or wraps; `undefined` when it is none. */
export function routerLayers(handler: unknown): readonly Layer[] | undefined {
  const router = unwrapped(handler).find(isRouter);
  return router === undefined ? undefined : stackOf(router);
}

/**
 * Whether it is a router of Express, whose `route` makes routes. Others keep a `stack` as well, and answer: apps of connect,
 * such as the middlewares of Vite, whose `route` is a text.
 */
function isRouter(candidate: object): boolean {
  const { stack, route, use } = candidate as Readonly<Record<"stack" | "route" | "use", unknown>>;
  const isOne = typeof route === "function" && typeof use === "function";
  return isOne && Object.hasOwn(candidate, "stack") && Array.isArray(stack) && stack.every(isLayer);
}

function isLayer(value: unknown): boolean {
  const { handle, match } = Object(value) as Readonly<Record<"handle" | "match", unknown>>;
  return typeof handle === "function" && typeof match === "function";
}

/** Whether Express calls it for requests: what has more than three parameters is for errors. */
export function takesRequests(handler: unknown): boolean {
  return typeof handler === "function" && handler.length <= 3;
}

/** The name of a handler in reports. */
export function nameOf(handler: unknown): string {
  const { name } = (unwrapped(handler).at(-1) ?? {}) as { readonly name?: unknown };
  return typeof name === "string" && name !== "" ? name : "<anonymous>";
}
