import type { Request, Response } from "express";
import { changeHeadFields, type HeadFields } from "../../core/answer/head-fields.js";
import type { AnswerWatcher } from "../../core/answer/watch-answer.js";
import { recordDecision } from "../../core/decision/decision.js";
import { recordReportedChange } from "../../core/decision/report-mode.js";
import type { Guard } from "../../core/guard/guard.js";
import { cookieFaults } from "./cookie-faults.js";
import { parseSetCookie } from "./set-cookie.js";

/** What is done about cookies of sessions that lack an attribute. */
export type CookieMode = "warn" | "enforce";

const FIELD = "set-cookie";
/** Names of cookies are the app's, but it may make them of what clients send. */
const MAX_NAMES = 100;
const MAX_NAME_LENGTH = 64;

/**
 * Looks at the cookies of each answer. Warns once of each name; with `"enforce"` adds what is missing, and says so in a
 * decision. Never tells the value of a cookie.
 */
export function createCookieWatcher(guard: Guard, mode: CookieMode): AnswerWatcher {
  const { name, enforced } = guard;
  const adds = mode === "enforce";
  const told = new Set<string>();

  return {
    onHead(req, res, _status, fields) {
      // The usual answer sets no cookie.
      return fields === undefined && !res.hasHeader(FIELD) ? undefined : look(req, res, fields);
    },
  };

  function look(req: Request, res: Response, fields: HeadFields): HeadFields {
    let overTls: boolean | undefined;
    let added = false;

    function complete(value: unknown): unknown {
      if (Array.isArray(value)) {
        const list = value.map(completeOne);
        return list.some((text, index) => text !== value[index]) ? list : value;
      }
      return completeOne(value);
    }

    function completeOne(text: unknown): unknown {
      if (typeof text !== "string") return text;
      overTls ??= isSecure(req);
      const cookie = parseSetCookie(text);
      const { missing, wrong } = cookieFaults(cookie, overTls);
      const open = adds ? wrong : [...missing, ...wrong];
      if (open.length > 0) tell(cookie.name, open);
      if (!adds || missing.length === 0) return text;
      added = true;
      return enforced ? [text, ...missing].join("; ") : text;
    }

    let isGiven = false;
    const sent = changeHeadFields(fields, FIELD, (value) => {
      isGiven = true;
      return complete(value);
    });
    // What `writeHead` is given replaces what was set before.
    const set = isGiven ? undefined : res.getHeader(FIELD);
    if (set !== undefined) {
      const value = complete(set);
      if (value !== set) res.setHeader("Set-Cookie", value as string | string[]);
    }
    if (added) {
      const change = { guard: name, reason: "cookie_completed" } as const;
      if (enforced) recordDecision(req, { ...change, outcome: "allow", enforced, code: "ok" });
      else recordReportedChange(req, change);
    }
    return sent;
  }

  function tell(cookie: string, lacks: readonly string[]): void {
    if (told.size >= MAX_NAMES || told.has(cookie)) return;
    told.add(cookie);
    const printed = cookie.slice(0, MAX_NAME_LENGTH).replaceAll(/[^\x21-\x7e]/g, "?");
    process.emitWarning(
      `secureHeaders: the app sets the cookie "${printed}" without ${lacks.join(", ")}. Set this where the cookie is made, or let cookies: "enforce" add what can be added.`,
      { code: "EXPRESS_SECURE_API_WEAK_COOKIE", type: "SecurityWarning" },
    );
  }
}

/** Whether the request came over TLS, by the word of Express. */
function isSecure(req: Request): boolean {
  try {
    return req.secure === true;
  } catch {
    return false;
  }
}
