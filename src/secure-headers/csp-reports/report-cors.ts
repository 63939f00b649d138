import type { Request, Response } from "express";
import type { Guard } from "../../core/guard/guard.js";

const ALLOW_ORIGIN = "Access-Control-Allow-Origin";

/**
 * Answers the preflight of a page of another origin. Browsers send reports without credentials, and no page reads the
 * answer: there is nothing to keep from any origin.
 *
 * @see https://www.w3.org/TR/reporting-1/#try-delivery
 */
export function answerReportPreflight(guard: Guard, req: Request, res: Response): void {
  res.setHeader(ALLOW_ORIGIN, "*");
  res.setHeader("Access-Control-Allow-Methods", "POST");
  res.setHeader("Access-Control-Allow-Headers", "Content-Type");
  res.setHeader("Access-Control-Max-Age", "86400");
  guard.allow(req, { reason: "preflight_allowed" });
  res.statusCode = 204;
  res.end();
}

/** Without the field, the browser takes a delivery to another origin for a failure. */
export function shareWithReporter({ headers }: Request, res: Response): void {
  // What `report-uri` sends is not compared, and a policy in front may have said something already.
  if (headers.origin === undefined || headers["sec-fetch-mode"] === "no-cors") return;
  if (res.getHeader(ALLOW_ORIGIN) === undefined) res.setHeader(ALLOW_ORIGIN, "*");
}
