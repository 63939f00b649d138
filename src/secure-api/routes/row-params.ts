import type { NextFunction, Request, Response } from "express";
import { guardMark, markGuard } from "../../core/guard/guard-mark.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { requestSlot } from "../../core/request/request-slot.js";

/** A parameter of a pattern, and which segment of the path it is. */
interface Parameter {
  readonly name: string;
  readonly index: number;
}

/** The names in the pattern of a row, such as `id` in `GET /orders/:id`. */
export function parametersOf(pattern: string): readonly Parameter[] {
  const segments = pattern.slice(pattern.indexOf("/") + 1).split("/");
  return segments.flatMap((segment, index) =>
    segment.startsWith(":") ? [{ name: segment.slice(1), index }] : [],
  );
}

/** Set on the request itself: a view of a request without any state would get one of its own, which nobody else sees. */
const viewed = requestSlot<true>("viewedByRow");

/**
 * Runs a middleware with the parameters of a pattern in `req.params`, as on a route: in front of the routes Express has
 * none. Afterwards `req.params` is what it was.
 *
 * A guard in report mode still asks when the request has gone on to other routes. It gets a view of the request that keeps
 * the parameters.
 */
export function withParams(parameters: readonly Parameter[], step: Middleware): Middleware {
  if (parameters.length === 0) return step;
  const mark = guardMark(step);
  const goesOn = mark?.mode === "report";
  const placed = (req: Request, res: Response, next: NextFunction): void => {
    if (goesOn) {
      viewed.set(req, true);
      step(viewOf(req, readParams(req, parameters)), res, next);
      return;
    }
    const outer = req.params;
    req.params = readParams(req, parameters);
    step(req, res, (error?: unknown) => {
      req.params = outer;
      next(error);
    });
  };
  return (mark === undefined ? placed : markGuard(placed, mark)) as Middleware;
}

/** The same request with other parameters: whatever else is read from it, is that of the request at that time. */
function viewOf(req: Request, params: Request["params"]): Request {
  const property = { value: params, writable: true, enumerable: true, configurable: true };
  return Object.create(req, { params: property }) as Request;
}

/** What Express makes of them: decoded, or as written where that fails. */
function readParams(req: Request, parameters: readonly Parameter[]): Request["params"] {
  const segments = (req.baseUrl + req.path).split("/").filter((segment) => segment !== "");
  const params: Record<string, string> = Object.create(null);
  for (const { name, index } of parameters) {
    const segment = segments[index];
    if (segment !== undefined) params[name] = decode(segment);
  }
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
