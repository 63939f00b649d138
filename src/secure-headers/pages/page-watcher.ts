import type { Request } from "express";
import { headValue } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { recordReportedChange } from "../../core/decision/report-mode.js";
import { isTakenForPage } from "./taken-for-page.js";

/** What is known of the answer to one request. */
interface Answer {
  /** The status, once the head was looked at and found to name no type. */
  untyped: number | undefined;
  /** Whether the body looks like a page; `undefined` until it has begun. */
  looksLikePage: boolean | undefined;
}

interface Change {
  readonly reason: string;
}

const PAGE_AFFECTED: Change = { reason: "page_affected" };
const UNTYPED_PAGE: Change = { reason: "untyped_page" };
const PAGE = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i;
/** No type, or one of those that browsers do not believe (MIME Sniffing §7). */
const UNTYPED = /^\s*(?:[^/;]*|unknown\/unknown|application\/unknown|\*\/\*)\s*(?:;|$)/i;
/**
 * The policies of failures that Express and `errorHandler` word themselves. They replace what was set before, so nothing on
 * these pages depends on the headers.
 */
const OWN_POLICY =
  /^default-src 'none'(?:;style-src 'sha256-[\w+/]+=*';base-uri 'none';form-action 'none';frame-ancestors 'none')?$/;
/** Stand for everything that no route answers, such as static files, and for the failures there, such as a 404. */
const NO_ROUTE = {};
const NO_ROUTE_FAILED = {};

/**
 * For report mode: says, once for each route, that an answer is a page, whatever its status. The headers would apply to it,
 * and what they would stop only a browser knows.
 *
 * An answer without a type is a page as well if browsers take it for one. With `nosniff` they show its source: it is said
 * separately.
 */
export function createPageWatcher(guard: string, setsNosniff: boolean): AnswerWatcher {
  // Weak, and by the route itself: paths are chosen by clients, routes are not.
  const seen = new WeakSet<object>();
  const seenUntyped = new WeakSet<object>();
  const answers = new WeakMap<Request, Answer>();

  return {
    onHead(req, res, status, fields) {
      if (!isShown(req, status, headValue(res, fields, "location"))) return fields;
      const type = headValue(res, fields, "content-type");
      if (type !== undefined && PAGE.test(String(type))) {
        if (!isWordedByItself(status, headValue(res, fields, "content-security-policy")))
          tell(seen, PAGE_AFFECTED, req, status);
      } else if (type === undefined || UNTYPED.test(String(type))) {
        const answer = answerOf(req);
        answer.untyped = status;
        tellUntyped(req, answer);
      }
      return fields;
    },
    onBody(req, part, encoding) {
      const answer = answerOf(req);
      if (answer.looksLikePage !== undefined) return;
      answer.looksLikePage = isTakenForPage(part, encoding);
      tellUntyped(req, answer);
    },
  };

  function answerOf(req: Request): Answer {
    let answer = answers.get(req);
    if (answer === undefined) {
      answer = { untyped: undefined, looksLikePage: undefined };
      answers.set(req, answer);
    }
    return answer;
  }

  function tellUntyped(req: Request, { untyped, looksLikePage }: Answer): void {
    if (untyped === undefined || looksLikePage !== true) return;
    tell(seen, PAGE_AFFECTED, req, untyped);
    if (setsNosniff) tell(seenUntyped, UNTYPED_PAGE, req, untyped);
  }

  function tell(known: WeakSet<object>, change: Change, req: Request, status: number): void {
    const key = keyOf(req, status);
    if (known.has(key)) return;
    known.add(key);
    recordReportedChange(req, { guard, ...change });
  }
}

/** Whether browsers show an answer with this head: what has no body, or leads elsewhere, is seen by nobody. */
function isShown(req: Request, status: number, location: unknown): boolean {
  // Express itself answers OPTIONS with a text that it calls HTML.
  if (req.method === "OPTIONS" || status < 200) return false;
  if (status === 204 || status === 205 || status === 304) return false;
  return status < 300 || status > 399 || location === undefined;
}

function isWordedByItself(status: number, policy: unknown): boolean {
  return status >= 400 && OWN_POLICY.test(String(policy));
}

function keyOf(req: Request, status: number): object {
  const { route } = req as { readonly route?: unknown };
  if (typeof route === "object" && route !== null) return route;
  // Otherwise the first wrong path would hide all pages that no route answers.
  return status >= 400 ? NO_ROUTE_FAILED : NO_ROUTE;
}
