import type { NextFunction, Request, Response } from "express";
import { isThenable } from "../core/calls/user-function.js";
import { createGuard } from "../core/guard/guard.js";
import { readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { outageError } from "../core/refusal/http-error.js";
import {
  LOAD_SHEDDING_HINTS,
  LOAD_SHEDDING_KEYS,
  type LoadSheddingOptions,
  readLoadShedding,
} from "./load-shedding-options.js";
import type { sampleLoad } from "./overload/load-sampler.js";
import { createOverloadNotice, type LoadState } from "./overload/overload-notice.js";
import { createPressure, NO_PRESSURE } from "./overload/pressure.js";
import { createPriority, type LoadPriority, shedProbability } from "./overload/priority.js";

/** What `loadShedding` returns. */
export interface LoadShedding extends Middleware {
  /** What was seen last, for metrics and for `readyz()`: at most a quarter of a second old, unless the event loop is late. */
  state(): LoadState;
  /** Stops sampling the process; nothing is shed any more. */
  close(): Promise<void>;
}

const CALM: LoadState = Object.freeze({
  state: "normal",
  pressure: 0,
  eventLoopDelay: 0,
  utilization: 0,
  heap: 0,
});

/**
 * Makes the middleware of `loadShedding`.
 *
 * @param sample - What tells of the load: {@link sampleLoad}.
 * @param judge - What makes a pressure of it.
 */
export function createLoadShedding(
  options: LoadSheddingOptions,
  sample: typeof sampleLoad,
  judge = createPressure,
): LoadShedding {
  const reader = readOptions<LoadSheddingOptions>(
    "loadShedding",
    options,
    LOAD_SHEDDING_KEYS,
    LOAD_SHEDDING_HINTS,
    "loadShedding()",
  );
  const { thresholds, retryAfter, ...rules } = readLoadShedding(reader);
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  const guard = createGuard("loadShedding", "availability", guardOptions);
  const priorityOf = createPriority(rules);
  const notice = createOverloadNotice(guardOptions.mode);
  const followLoad = judge(thresholds);
  let pressure = NO_PRESSURE;
  let state = CALM;
  let requests = 0;
  const stop = sample((reading, windows) => {
    pressure = followLoad(reading, windows, requests > 0);
    state = notice(reading, pressure);
    requests = 0;
  });

  function conclude(priority: LoadPriority, req: Request, res: Response, next: NextFunction): void {
    const { value, reason } = pressure;
    if (Math.random() >= shedProbability(priority, value)) {
      guard.allow(req);
      next();
      return;
    }
    const error = outageError("overloaded", undefined, secondsFrom(retryAfter));
    guard.refuse(error, req, res, next, { reason, rule: `priority(${priority})` });
  }

  const handler = guard.middleware((req, res, next) => {
    requests += 1;
    if (pressure.value === 0) {
      guard.allow(req);
      next();
      return;
    }
    const priority = priorityOf(req);
    if (isThenable(priority)) guard.whenSettled(priority, req, res, next, conclude);
    else if (!guard.isOver(req, res)) conclude(priority, req, res, next);
  });
  return Object.assign(handler, {
    state: () => state,
    close: async (): Promise<void> => {
      stop();
      pressure = NO_PRESSURE;
      state = CALM;
    },
  });
}

function secondsFrom(shortest: number): number {
  return shortest + Math.floor(Math.random() * (shortest + 1));
}
