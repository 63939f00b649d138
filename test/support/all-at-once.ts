import type { NextFunction, RequestHandler } from "express";

/** Holds requests until so many have come, and lets all of them go on in one turn: whatever else the machine does. */
export function allAtOnce(count: number): RequestHandler {
  const held: NextFunction[] = [];
  return (_req, _res, next) => {
    held.push(next);
    if (held.length === count) for (const goOn of held.splice(0)) goOn();
  };
}
