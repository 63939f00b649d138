import type { IncomingMessage } from "node:http";
import type { NextFunction } from "express";
import type { Layer } from "../../core/app/app-layers.js";
import { brandOf } from "../discovery/handler.js";
import { hookLayers, type LayerHook } from "../discovery/layer-calls.js";
import type { EnteredRoutes } from "../discovery/route-chain.js";
import { protects } from "../guards/effective-guard.js";

/** What is known of one request of the probe. */
export interface ProbeRequest {
  /** The layer of the route that it is for. */
  readonly target: Layer;
  /** Handlers that it is led past. */
  readonly skipped: ReadonlySet<unknown>;
  /** Where it has been. */
  readonly entered: EnteredRoutes;
  /** Whether it came to the last handler of that route. */
  isReached: boolean;
  /** The guard that has it, and has not handed it on. */
  holder: "protection" | "other" | undefined;
  /** Whether a guard that protects has handed an error on. */
  isRefused: boolean;
}

const REACHED = 299;

/**
 * The requests of all probes, by everything that they may be known by. Of the process, and never given up: a middleware may
 * hand a request on when its probe has ended long ago, and its handler must not run then either.
 */
const requests = new WeakMap<object, ProbeRequest>();

/**
 * Has the requests of probes watched on their way through an app: they are kept from the last handlers of routes, so that
 * nothing of what these do happens, and it is noted which guard has them.
 *
 * @param layerClasses - As their prototypes.
 */
export function watchProbes(layerClasses: Iterable<object>): void {
  hookLayers(layerClasses, see);
}

/** Begins to watch a request. */
export function followProbe(req: IncomingMessage, request: ProbeRequest): void {
  requests.set(req, request);
  // What a middleware hands on may be another object, made of the request: its connection is of this request only.
  requests.set(req.socket, request);
}

const see: LayerHook = (layer, req, res, next) => {
  const request = requests.get(req) ?? requests.get(Object(req.socket));
  if (request === undefined) return next;
  if (request.skipped.has(layer.handle)) {
    next();
    return undefined;
  }
  request.entered.enter(layer, req);
  if (request.entered.isLast(layer, req)) {
    if (request.entered.routeOf(layer, req) !== request.target.route) {
      // The handler of another route might call next() as well.
      next();
      return undefined;
    }
    request.isReached = true;
    res.statusCode = REACHED;
    res.end();
    return undefined;
  }
  const mark = brandOf(layer.handle);
  return mark === undefined ? next : held(request, protects(mark), next);
};

/** Notes that a guard has the request, until it hands it on. */
function held(request: ProbeRequest, isProtection: boolean, next: NextFunction): NextFunction {
  request.holder = isProtection ? "protection" : "other";
  return (reason?: unknown) => {
    request.holder = undefined;
    const isError = Boolean(reason) && reason !== "route" && reason !== "router";
    if (isError && isProtection) request.isRefused = true;
    next(reason);
  };
}
