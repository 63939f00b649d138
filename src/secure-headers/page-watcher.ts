import { headValue } from "../core/app/head-fields.js";
import type { AnswerWatcher } from "../core/app/watch-answer.js";
import { recordReportedChange } from "../core/decision/report-mode.js";

const PAGE = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i;
/** Stands for everything that no route answers, such as static files. */
const NO_ROUTE = {};

/**
 * For report mode: says, once for each route, that an answer is a page. The headers would apply to it, and what they would
 * stop only a browser knows.
 */
export function createPageWatcher(guard: string): AnswerWatcher {
  // Weak, and by the route itself: paths are chosen by clients, routes are not.
  const seen = new WeakSet<object>();
  return {
    onHead(req, res, status, fields) {
      // Express itself answers OPTIONS with a text that it calls HTML.
      if (status < 200 || status > 299 || req.method === "OPTIONS") return fields;
      const { route } = req as { readonly route?: unknown };
      const key = typeof route === "object" && route !== null ? route : NO_ROUTE;
      if (seen.has(key) || !PAGE.test(String(headValue(res, fields, "content-type"))))
        return fields;
      seen.add(key);
      recordReportedChange(req, { guard, reason: "page_affected" });
      return fields;
    },
  };
}
