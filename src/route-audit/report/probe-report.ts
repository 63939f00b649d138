/**
 * What became of the requests to a route that carried no credentials:
 *
 * - `reached`: one of them came to the handler of the route
 * - `answered`: something in front of the handler that is no guard answered one with a status below 400
 * - `refused`: a guard refused all of them
 * - `unproven`: something else refused some of them, so that nobody knows what a guard would have done
 * - `not probed`: none could be sent
 */
export type ProbeOutcome = "reached" | "answered" | "refused" | "unproven" | "not probed";

/** What one request of the probe got. */
export interface ProbeAnswer {
  readonly method: string;
  readonly url: string;
  /** The HTTP status; `undefined` when no answer came in time. */
  readonly status: number | undefined;
  readonly outcome: Exclude<ProbeOutcome, "not probed">;
}

/** One method and path of an app, named as in the report of `auditRoutes`. */
export interface ProbedRoute {
  /** In upper case; `*` for all methods. */
  readonly method: string;
  readonly path: string;
  readonly outcome: ProbeOutcome;
  /** The requests that had this outcome, or why none was sent. */
  readonly answers: readonly ProbeAnswer[];
  readonly reason?: string | undefined;
}

/** What a probe found. Frozen plain data. */
export interface ProbeReport {
  readonly routes: readonly ProbedRoute[];
}
