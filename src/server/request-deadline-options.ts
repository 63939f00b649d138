import { GUARD_OPTIONS, type GuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";

/** Options of {@link requestDeadline}. */
export interface RequestDeadlineOptions extends GuardOptions {
  /**
   * How long a request may wait for the head of its answer, from this middleware on. From `"1ms"` to `"1d"`. Required.
   * Clients and proxies should wait longer than this.
   */
  readonly timeout: string;
  /**
   * Other timeouts by the patterns of their routes: `{ "POST /uploads/*": "10m", "GET /events": "none" }`. The first
   * one that covers a request counts. One that is longer than `timeout` covers the exact spelling of a path alone, a shorter one every
   * spelling. @default none
   */
  readonly routes?: Readonly<Record<string, string>> | undefined;
  /**
   * How long an answer that has begun may write nothing, because the handler does not, or waits for a client that does not read.
   * It is cut off then. Not where it has ended, and not where the timeout is `"none"`. From `"1ms"` to `"1d"`. @default none
   */
  readonly idle?: string | undefined;
}

/** Names of {@link RequestDeadlineOptions}. */
export const REQUEST_DEADLINE_KEYS: OptionKeys<RequestDeadlineOptions> = {
  timeout: "neverUndefined",
  routes: "neverUndefined",
  idle: "neverUndefined",
  ...GUARD_OPTIONS,
};

/** What connect-timeout, express-timeout-handler and people call them. */
export const REQUEST_DEADLINE_HINTS: Hints<RequestDeadlineOptions> = {
  time: "timeout",
  ms: "timeout",
  deadline: "timeout",
  requestTimeout: "timeout",
  respond:
    "leave it out, the request is answered with 503; onDenied: (error, req, res, next) => … answers in another way",
  onTimeout: "write onDenied: (error, req, res, next) => …, which answers the request",
  onDelayedResponse:
    "leave it out: the decision with the reason answered_late is published on the diagnostics channel express-secure-api:decision",
  disable: 'write routes: { "GET /events": "none" }',
  except: 'write routes: { "GET /events": "none" }',
  skip: 'write routes: { "GET /events": "none" }',
  overrides: "routes",
  idleTimeout: "idle",
};
