import type { NextFunction, Request, Response } from "express";
import { layerClassesOf, loadedLayerClasses } from "../app/app-layers.js";
import { recordDecision } from "../decision/decision.js";
import { deny, type OnDenied, refusalOf } from "../refusal/deny.js";
import type { HttpError } from "../refusal/http-error.js";
import { respond } from "../refusal/respond.js";
import { cutOff } from "../request/cut-off.js";
import { requestSlot } from "../request/request-slot.js";

/** How Express calls a handler: `handle_request` and `handle_error` on Express 4, in camel case on Express 5. */
type CallHandler = (this: unknown, req: Request, res: Response, next: NextFunction) => unknown;
type CallErrorHandler = (
  this: unknown,
  error: unknown,
  req: Request,
  res: Response,
  next: NextFunction,
) => unknown;

/** The guard that refuses: one object for each, because several have the same name. */
interface RefusingGuard {
  readonly name: string;
}

/** On a class of layers that a copy of this library watches already. */
const WATCHED = Symbol.for("express-secure-api.final-refusal/1");

/** The guard whose refusal was handed to the app: only the app's error handlers, or `onDenied`, may answer now. */
const handedOver = requestSlot<string>("refusalHandedOver");

/** The apps that were looked through. Weak: an app that is gone leaves nothing. */
const knownApps = new WeakSet<object>();

/** The guards at whose first refusal the loaded copies of Express were looked up: routers are loaded before guards run in them. */
const knownGuards = new WeakSet<object>();

/**
 * Refuses for good: what `onDenied` or an error handler of the app answers reaches the client, or else the refusal.
 *
 * An error handler that calls `next()` tells Express to go on with the ordinary handlers. Express does not say which
 * of the two kinds answers, so its layers, which call the handlers, are watched from the first refusal on that the app
 * gets to answer. A handler that is no error handler is not called then: the refusal is sent, and the decision about
 * it has the reason `bypass_stopped`. Where nothing was ever handed over, nothing is watched.
 */
export function refuseForGood(
  guard: RefusingGuard,
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
  onDenied: OnDenied,
): void {
  if (onDenied !== "respond") stopHandlers(guard, req);
  deny(error, req, res, next, onDenied);
}

/** From now on no ordinary handler is called any more for the request, which is refused: those at work may call `next()`. */
export function stopHandlers(guard: RefusingGuard, req: Request): void {
  watchLoaded(guard);
  watchApps(req);
  if (handedOver.get(req) === undefined) handedOver.set(req, guard.name);
}

function watchLoaded(guard: RefusingGuard): void {
  if (knownGuards.has(guard)) return;
  knownGuards.add(guard);
  for (const layerClass of loadedLayerClasses()) watchLayers(layerClass);
}

/** Watches the layers of the app that runs the guard, and of the apps that it is mounted in. */
function watchApps(req: Request): void {
  let app: unknown = req.app;
  while (typeof app === "function" && !knownApps.has(app)) {
    knownApps.add(app);
    for (const layerClass of layerClassesOf(app)) watchLayers(layerClass);
    app = (app as { readonly parent?: unknown }).parent;
  }
}

function watchLayers(layerClass: object): void {
  if (Object.hasOwn(layerClass, WATCHED)) return;
  const methods = layerClass as Record<string, unknown>;
  for (const name of ["handle_request", "handleRequest"]) {
    const call = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (typeof call === "function") replace(methods, name, callUnlessRefused(call as CallHandler));
  }
  for (const name of ["handle_error", "handleError"]) {
    const call = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (typeof call === "function") replace(methods, name, callForGood(call as CallErrorHandler));
  }
  Reflect.defineProperty(layerClass, WATCHED, { value: true });
}

function replace(methods: object, name: string, value: CallHandler | CallErrorHandler): void {
  // A frozen class stays as it is: later guards still refuse again.
  Reflect.defineProperty(methods, name, { value, configurable: true, writable: true });
}

/** No ordinary handler runs after a refusal, whoever led Express there. */
function callUnlessRefused(call: CallHandler): CallHandler {
  return function callHandler(req, res, next) {
    if (handedOver.get(req) === undefined) return call.call(this, req, res, next);
    stop(req, res);
    return undefined;
  };
}

/** An error handler gets a `next` that leads to other error handlers only. */
function callForGood(call: CallErrorHandler): CallErrorHandler {
  return function callErrorHandler(error, req, res, next) {
    if (handedOver.get(req) === undefined) return call.call(this, error, req, res, next);
    const onward: NextFunction = (reason?: unknown) => {
      // Express takes any falsy value for "no error", and "route" and "router" skip the error handlers.
      if (!reason || reason === "route" || reason === "router") stop(req, res);
      else next(reason);
    };
    return call.call(this, error, req, res, onward);
  };
}

/** Sends the refusal, unless somebody who may has begun an answer. */
function stop(req: Request, res: Response): void {
  const error = refusalOf(req);
  const guard = handedOver.get(req);
  if (res.headersSent || error === undefined || guard === undefined) return;
  recordDecision(req, {
    guard,
    outcome: error.status >= 500 ? "error" : "deny",
    enforced: true,
    code: error.code,
    status: error.status,
    reason: "bypass_stopped",
  });
  try {
    respond(error, req, res);
  } catch {
    // Express would hand it to the next error handler, and nobody would answer.
    cutOff(req, res);
  }
}

/** Express catches what is thrown behind a middleware; behind one that waited, nobody else does. */
export function handOn(error: unknown, req: Request, res: Response, next: NextFunction): void {
  try {
    next(error);
  } catch {
    cutOff(req, res);
  }
}
