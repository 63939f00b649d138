import type { IncomingMessage } from "node:http";
import type { NextFunction } from "express";
import { type Layer, stackOf } from "../../core/app/app-layers.js";
import { brandOf } from "../discovery/handler.js";
import { hookLayers, type LayerHook } from "../discovery/layer-calls.js";
import { isLastHandler } from "../discovery/route-chain.js";
import { protects } from "../guards/effective-guard.js";

/** What is known of one request of the probe. */
export interface ProbeRequest {
  /** The layer of the route that it is for. */
  readonly target: Layer;
  /** Whether it came to the last handler of that route. */
  isReached: boolean;
  /** The guard that has it, and has not handed it on. */
  holder: "protection" | "other" | undefined;
  /** Whether a guard that protects has handed an error on. */
  isRefused: boolean;
}

const REACHED = 299;

/**
 * Watches the requests of a probe on their way through an app: keeps them from the last handlers of routes, so that
 * nothing of what these do happens, and notes which guard has them.
 */
export class ProbeWatch {
  readonly #requests = new WeakMap<object, ProbeRequest>();
  readonly #skipped: ReadonlySet<unknown>;
  readonly #stop: () => void;

  /** @param skipped - Handlers that the requests are led past. */
  constructor(layerClasses: Iterable<object>, skipped: ReadonlySet<unknown>) {
    this.#skipped = skipped;
    this.#stop = hookLayers(layerClasses, this.#see);
  }

  /** Begins to watch a request. */
  follow(req: IncomingMessage, request: ProbeRequest): void {
    this.#requests.set(req, request);
  }

  close(): void {
    this.#stop();
  }

  readonly #see: LayerHook = (layer, req, res, next) => {
    const request = this.#requests.get(req);
    if (request === undefined) return next;
    if (this.#skipped.has(layer.handle)) {
      next();
      return undefined;
    }
    // Express notes the route whose handlers it calls.
    const route = stackOf(req.route);
    if (route.includes(layer) && isLastHandler(layer, route, req.method)) {
      if (req.route !== request.target.route) {
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
}

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
