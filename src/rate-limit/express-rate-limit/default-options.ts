import type { Request, Response } from "express";
import { promiseOf } from "../../core/calls/follow.js";
import type { Options, Store } from "./options/options.js";
import type { Settings } from "./read-settings.js";

/** A second in milliseconds, for `windowMs`. */
export const SECOND: number = 1000;
/** A minute in milliseconds, for `windowMs`. */
export const MINUTE: number = 60 * SECOND;
/** An hour in milliseconds, for `windowMs`. */
export const HOUR: number = 60 * MINUTE;
/** A day of 24 hours in milliseconds, for `windowMs`. */
export const DAY: number = 24 * HOUR;

/**
 * The options that a limiter uses, with defaults as express-rate-limit has them: handlers of apps read what to answer
 * there, and stores the length of the window. A copy for each limiter, since both may write to it.
 */
export function optionsUsed(settings: Settings, store: Store): Options {
  const { given, windowMs } = settings;
  const options: Options = {
    windowMs,
    limit: given.limit ?? given.max ?? 5,
    message: "Too many requests, please try again later.",
    statusCode: 429,
    legacyHeaders: settings.legacy,
    identifier: (req) => nameOf(infoOf(req, settings.property), windowMs),
    requestPropertyName: settings.property,
    skipFailedRequests: false,
    skipSuccessfulRequests: false,
    requestWasSuccessful: (_req, res) => res.statusCode < 400,
    skip: () => false,
    keyGenerator: (req) => String(infoOf(req, settings.property)?.key ?? req.ip),
    ipv6Subnet: 56,
    handler: createHandler(given),
    passOnStoreError: false,
    validate: true,
    logger: settings.logger ?? console,
    ...given,
    standardHeaders: settings.draft,
    store,
  };
  return options;
}

/** What express-rate-limit calls a quota without a name: `100-in-1min`. */
export function nameOf(
  info: { readonly limit: number | string } | undefined,
  windowMs: number,
): string {
  return `${info?.limit}-in-${durationOf(windowMs)}`;
}

function durationOf(ms: number): string {
  if (ms < MINUTE) return `${ms / SECOND}sec`;
  if (ms < HOUR) return `${ms / MINUTE}min`;
  if (ms < DAY) return `${ms / HOUR}hr${ms > HOUR ? "s" : ""}`;
  return `${ms / DAY}day${ms > DAY ? "s" : ""}`;
}

/** Sends `message` with `statusCode`, as `res.send` does it: texts as HTML, objects as JSON. */
function createHandler({
  message = "Too many requests, please try again later.",
  statusCode = 429,
}: Partial<Options>) {
  return async function sendMessage(req: Request, res: Response): Promise<void> {
    res.status(statusCode);
    const body: unknown =
      typeof message === "function" ? await promiseOf(message(req, res)) : message;
    if (!res.writableEnded) res.send(body);
  };
}

function infoOf(
  req: Request,
  property: string,
): { readonly limit: number; readonly key: string } | undefined {
  return (req as unknown as Record<string, never>)[property];
}
