import type { Request, Response } from "express";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { errorTypeOf } from "../../core/decision/error-type.js";
import { requestEvents } from "../fields/request-events.js";
import type { RouteTemplates } from "../routes/route-templates.js";
import { type Actor, actorOf } from "./actor.js";
import type { Ending } from "./ending.js";
import type { RequestEntry } from "./request-entry.js";
import { judge, type Verdict } from "./verdict.js";

/** What a record can say about one request, whose answer has ended or will never come. */
export interface RequestFacts {
  /** Given when the record is written: not every request gets one of its own. */
  recordId: string;
  readonly entry: RequestEntry;
  readonly req: Request;
  readonly res: Response;
  readonly decisions: readonly Decision[];
  readonly verdict: Verdict;
  readonly actor: Actor;
  /** The template of the route that took the request. */
  readonly route: string | undefined;
}

/**
 * Gathers the facts that more than one column asks for.
 *
 * @param ending - Of an answer that is not complete.
 * @throws What a property of the app throws.
 */
export function factsOf(
  entry: RequestEntry,
  req: Request,
  res: Response,
  ending: Ending | undefined,
  routes: RouteTemplates,
): RequestFacts {
  const decisions = decisionsOf(req);
  const verdict = judge(
    decisions,
    errorTypeOf(req),
    res,
    ending,
    requestEvents(req)?.failed === true,
  );
  const route = routes.of(req, verdict.outcome !== "success");
  return { recordId: "", entry, req, res, decisions, verdict, actor: actorOf(req), route };
}
