import type { RequestHandler } from "express";
import { guardMark, markGuard } from "../../core/guard/guard-mark.js";
import type { Middleware } from "../../core/guard/middleware.js";

/**
 * The probe as the handler of its route. A guard of this package hands on what it does not refuse, so the route audit looks
 * for the handler behind it, and lists no route that has none.
 */
export function answeringHandler(probe: Middleware): Middleware {
  const handler: RequestHandler = (req, res, next) => probe(req, res, next);
  Object.defineProperty(handler, "name", { value: probe.name });
  const mark = guardMark(probe);
  return (mark === undefined ? handler : markGuard(handler, mark)) as Middleware;
}
