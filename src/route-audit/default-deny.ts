import type { Express, NextFunction, Request, Response } from "express";
import { type Layer, layerClassesOf, loadedLayerClasses, stackOf } from "../core/app/app-layers.js";
import { createGuard, type Guard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import { readOptions } from "../core/options/options-reader.js";
import { HttpError } from "../core/refusal/http-error.js";
import { beginRequest } from "../core/request/begin-request.js";
import { requestSlot } from "../core/request/request-slot.js";
import { refuseRequest } from "./discovery/check-app.js";
import { hookLayers } from "./discovery/layer-calls.js";
import { EnteredRoutes } from "./discovery/route-chain.js";
import { letsPass } from "./guards/pass-mark.js";

/** Options of {@link defaultDeny}. */
export interface DefaultDenyOptions extends GuardOptions {}

/** An app, as far as requests are handed to it. */
interface HandlingApp {
  handle: (this: unknown, req: Request, res: Response, next?: NextFunction) => unknown;
}

/** The guard that refuses the request, until something has let it pass. */
const waiting = requestSlot<Guard | null>("defaultDeny");
const entered = requestSlot<EnteredRoutes>("defaultDenyRoutes");
/** Calling it twice for one app changes nothing. */
const protectedApps = new WeakSet<object>();
/** Mounted apps that requests have come to. */
const mountedApps = new WeakSet<object>();

/**
 * Refuses what no guard has looked at: a request that comes to the handler of a route with 403 `access_denied`, unless it
 * has passed a guard that protects (authentication that is not optional, or authorization, in enforce mode), a public
 * route of `secureApi`, or `declarePublic`. It holds for routes, routers and mounted apps that are added later as well.
 *
 * It is the net under the guards, and replaces none. It refuses in front of the last handler of a route: handlers in front
 * of that one run, because a guard may follow them. What answers without a route is not refused, such as
 * `express.static` and proxies, nor what another copy of Express in the same app calls when it is bundled.
 *
 * @returns The app.
 * @throws OptionsError when an option is wrong. TypeError when it is given no Express app, or one that cannot be watched.
 */
export function defaultDeny<App extends Express>(app: App, options: DefaultDenyOptions = {}): App {
  refuseRequest("defaultDeny", app);
  const reader = readOptions<DefaultDenyOptions>("defaultDeny", options, GUARD_OPTIONS);
  const settings = readGuardOptions(reader);
  reader.finish();
  const handling = app as unknown as HandlingApp;
  if (typeof app !== "function" || typeof handling.handle !== "function") {
    throw new TypeError("defaultDeny: expected an Express app");
  }
  if (protectedApps.has(app)) return app;
  protectedApps.add(app);
  const guard = createGuard("defaultDeny", "authorization", settings);
  hookLayers(loadedLayerClasses(), refuseUnguarded);
  hookLayers(layerClassesOf(app), refuseUnguarded);

  const handle = handling.handle;
  let isWatched = false;
  handling.handle = function handleGuarded(req, res, next) {
    if (!isWatched) {
      // An app that had no layer yet when it was put under watch has some now.
      const classes = layerClassesOf(app);
      hookLayers(classes, refuseUnguarded);
      isWatched = classes.size > 0;
    }
    if (waiting.get(req) === undefined) {
      beginRequest(req);
      waiting.set(req, guard);
      entered.set(req, new EnteredRoutes());
    }
    return handle.call(this, req, res, next);
  };
  return app;
}

function refuseUnguarded(
  layer: Layer,
  req: Request,
  res: Response,
  next: NextFunction,
): NextFunction | undefined {
  const guard = waiting.get(req);
  if (!guard) return next;
  let goesOn = false;
  // In report mode the guard hands the request on: here that means to the handler, not to the next layer.
  const handOn = (error?: unknown): void => {
    if (error === undefined && !guard.enforced) goesOn = true;
    else next(error);
  };
  try {
    if (letsPass(layer.handle, req)) return passing(req, next);
    watchInside(layer.handle);
    const routes = entered.get(req);
    routes?.enter(layer, req);
    if (!routes?.isLast(layer, req)) return next;
    guard.refuse(new HttpError("access_denied"), req, res, handOn, { reason: "no_guard" });
  } catch (error) {
    guard.fault(error, req, res, handOn);
  }
  return goesOn ? next : undefined;
}

/** What is mounted later may be of a copy of Express that was loaded later. */
function watchInside(handle: unknown): void {
  const [first] = stackOf(handle);
  // Apps of connect keep plain objects in their stacks.
  if (typeof first?.handle === "function" && typeof Object(first).match === "function") {
    hookLayers([Object.getPrototypeOf(first)], refuseUnguarded);
  } else if (typeof handle === "function" && handle.name === "mounted_app") {
    // Express hides the app behind this function.
    if (!mountedApps.has(handle)) hookLayers(loadedLayerClasses(), refuseUnguarded);
    mountedApps.add(handle);
  }
}

function passing(req: Request, next: NextFunction): NextFunction {
  return (reason?: unknown) => {
    if (!reason) waiting.set(req, null);
    next(reason);
  };
}
