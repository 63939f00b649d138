import type { NextFunction, Request, Response } from "express";
import type { Middleware } from "../../core/guard/middleware.js";

/** Runs middlewares one after the other, and `done` behind the last one; an error ends the row. */
export function runSteps(
  steps: readonly Middleware[],
  req: Request,
  res: Response,
  next: NextFunction,
  done: () => void,
): void {
  let index = 0;
  const advance: NextFunction = (error?: unknown) => {
    if (error !== undefined) {
      next(error);
      return;
    }
    const step = steps[index];
    index += 1;
    if (step === undefined) done();
    else step(req, res, advance);
  };
  advance();
}
