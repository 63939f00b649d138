import type { Request, Response } from "express";
import { addVary } from "../../core/http/header-values.js";
import type { AnswerForm } from "../../core/refusal/respond.js";
import { ERROR_PAGE } from "./error-page.js";
import { wantsPage } from "./wants-page.js";

/** The form of a page, if a browser navigates; `undefined` otherwise. Says on the response what that depended on. */
export function pageFor(req: Request, res: Response): AnswerForm | undefined {
  try {
    const vary = addVary(addVary(res.getHeader("Vary"), "Accept"), "Sec-Fetch-Mode");
    res.setHeader("Vary", vary);
    return wantsPage(req) ? ERROR_PAGE : undefined;
  } catch {
    // Something on the request or the response failed. The refusal must still be sent.
    return undefined;
  }
}
