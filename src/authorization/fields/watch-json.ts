import type { Request, Response } from "express";
import { replaceMethod } from "../../core/answer/replace-method.js";
import { requestSlot } from "../../core/request/request-slot.js";

/** Makes of what a handler answers what is sent. */
type Project = (answer: unknown) => unknown;

const projections = requestSlot<readonly Project[]>("answerProjections");

/** From here on errors have another form, which nobody lists. */
const FIRST_ERROR = 400;

const replaceJson = replaceMethod("json", projecting);
const replaceJsonp = replaceMethod("jsonp", projecting);

/**
 * Has each answer that the response writes as JSON, `res.send` of an object included, projected in front of that; by
 * several, one after the other. Errors are left as they are.
 */
export function watchJson(req: Request, res: Response, project: Project): void {
  projections.set(req, [...(projections.get(req) ?? []), project]);
  replaceJson(res);
  replaceJsonp(res);
}

function projecting(original: (res: Response) => Response["json"]): Response["json"] {
  function json(this: Response, ...given: readonly unknown[]): Response {
    const write = original(this) as (this: Response, ...given: readonly unknown[]) => Response;
    // Express 4 takes a status beside the answer, on either side of it: that one is sent.
    const isError = given.length < 2 && this.statusCode >= FIRST_ERROR;
    const list = isError ? undefined : projections.get(this.req);
    return list === undefined
      ? write.apply(this, [...given])
      : write.apply(
          this,
          given.map((one) => list.reduce((answer, project) => project(answer), one)),
        );
  }
  return json as Response["json"];
}
