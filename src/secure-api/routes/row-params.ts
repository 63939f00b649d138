import type { NextFunction, Request, Response } from "express";
import { guardMark, markAs } from "../../core/guard/guard-mark.js";
import type { Middleware } from "../../core/guard/middleware.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { isPlainObject } from "../../core/options/value.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { RouteRow } from "./row-options.js";

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
 * Notes what looks at a parameter that the pattern does not have: every request would be refused. What a guard under `use`
 * looks at, and a schema of another library, is not known here.
 */
export function checkParameterNames(reader: OptionsReader<keyof RouteRow>, pattern: string): void {
  const known = parametersOf(pattern).map(({ name }) => name);
  const has =
    known.length === 0
      ? "which has none"
      : `which has ${known.map((name) => `:${name}`).join(", ")}`;
  const param = reader.raw("ownParam");
  // Another text, or no text at all, is noted by `ownParam` itself.
  if (typeof param === "string" && /^[\w-]+$/.test(param) && !known.includes(param)) {
    const fix = known.length === 1 ? `: write "${known[0]}"` : "";
    reader.note("ownParam", `must name a parameter of the pattern, ${has}${fix}`);
  }
  const validate = reader.raw("validate");
  const schema = isPlainObject(validate) ? validate["params"] : undefined;
  if (isPlainObject(schema) && namesIn(schema).some((name) => !known.includes(name))) {
    const path = `${reader.path}.validate.params`;
    reader.problems.note(path, `must name nothing but parameters of the pattern, ${has}`);
  }
}

/** The members that a JSON Schema describes or requires. */
function namesIn({ properties, required }: Readonly<Record<string, unknown>>): readonly string[] {
  const described = isPlainObject(properties) ? Object.keys(properties) : [];
  return [...described, ...(Array.isArray(required) ? required.map(String) : [])];
}

/**
 * Runs a middleware with the parameters of a pattern in `req.params`, as on a route: in front of the routes Express has
 * none. Afterwards `req.params` is what it was.
 *
 * A guard in report mode still asks when the request has gone on to other routes. It gets a view of the request that keeps
 * the parameters.
 */
export function withParams(parameters: readonly Parameter[], step: Middleware): Middleware {
  if (parameters.length === 0) return step;
  const goesOn = guardMark(step)?.mode === "report";
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
  return markAs(placed, step) as Middleware;
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
