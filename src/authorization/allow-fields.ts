import { isPromise } from "node:util/types";
import type { NextFunction, Request, Response } from "express";
import { MountingError } from "../core/calls/mounting-error.js";
import { createGuard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { hasContent, isEmptyBody, judgedBodyOf, wasRead } from "../core/http/request-body.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { reportedPrincipal } from "../core/principal/enrichment.js";
import { getPrincipal } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import type { FieldTree } from "./fields/field-tree.js";
import { findViolations } from "./fields/find-violations.js";
import { projectAnswer, projectBody } from "./fields/project.js";
import { type FieldRules, readFieldRules } from "./fields/read-field-rules.js";
import { watchJson } from "./fields/watch-json.js";

/** Options of {@link allowFields}. At least one of `write` and `read` is given. */
export interface AllowFieldsOptions extends GuardOptions {
  /** The members that a body may have. @default all members */
  readonly write?: FieldRules | undefined;
  /** The members that an answer has. @default all members */
  readonly read?: FieldRules | undefined;
  /**
   * What becomes of a body with other members: `"reject"` answers 403, `"strip"` takes them out of `req.body`.
   * @default "reject"
   */
  readonly onViolation?: "reject" | "strip" | undefined;
}

/** What the caller may do with the route. */
interface Permitted {
  readonly write: readonly FieldTree[] | undefined;
  readonly read: readonly FieldTree[] | undefined;
}

const KEYS: OptionKeys<AllowFieldsOptions> = {
  ...GUARD_OPTIONS,
  write: "neverUndefined",
  read: "neverUndefined",
  onViolation: true,
};

/** What other packages call them. */
export const ALLOW_FIELDS_HINTS: Hints<AllowFieldsOptions> = {
  attributes: "write",
  fields: "write",
  permittedFieldsOf: "write",
  allowed: "write",
  body: "write",
  whitelist: "write",
  response: "read",
  filter: "read",
  expose: "read",
  forbidUnknown: 'leave it out, unknown members are refused; onViolation: "strip" takes them out',
  stripUnknown: 'write onViolation: "strip"',
};

const REMOVED = Object.freeze({ reason: "fields_removed" });

/**
 * Says which members a body may have, and which an answer has, for everybody or by role, as in
 * `allowFields({ write: { "*": ["name"], admin: ["role"] }, read: ["id", "name", ["address", "city"]] })`.
 *
 * A member stands for all that is in it; a list of names leads into objects, and through lists to each item. Roles add
 * up. Whoever is not authenticated has what `"*"` names: it demands nobody, put it behind a guard that does.
 *
 * `write`: other members in `req.body`, unknown ones too, are answered 403 `access_denied` with `errors` that say where
 * they are, and show no name or value; with `onViolation: "strip"` they are taken out. A body that nothing has read is answered 415
 * `unsupported_media_type`: mount the parser in front.
 *
 * `read`: `res.json`, `res.jsonp` and `res.send` of an object leave out other members, in answers below 400. What is
 * written as text, bytes or a stream stays as it is, as do the refusals of this library.
 *
 * Of several on a route, each takes away. A function that fails is answered 503 `check_unavailable`.
 *
 * @throws {@link OptionsError} when neither is given, or an option is unknown or wrong.
 */
export function allowFields(options: AllowFieldsOptions): Middleware {
  const reader = readOptions<AllowFieldsOptions>(
    "allowFields",
    options,
    KEYS,
    ALLOW_FIELDS_HINTS,
    'allowFields({ write: ["name"] })',
  );
  const write = readFieldRules(reader, "write");
  const read = readFieldRules(reader, "read");
  const onViolation = reader.oneOf("onViolation", ["reject", "strip"], { default: "reject" });
  const isUnset = reader.isUnset("write") || reader.isUnset("read");
  if (!(isUnset || reader.has("write") || reader.has("read")))
    reader.note("", 'must have write, read or both: write allowFields({ write: ["name"] })');
  else if (reader.has("onViolation") && !(isUnset || reader.has("write")))
    reader.note("onViolation", "must stand beside write");
  const asks = [reader.raw("write"), reader.raw("read")].some(
    (rules) => typeof rules === "function",
  );
  const settings = readGuardOptions(reader);
  reader.finish();

  const guard = createGuard("allowFields", "authorization", settings);
  const rule = `fields(${[write && "write", read && "read"].filter(Boolean).join(", ")})`;

  function conclude(permitted: Permitted, req: Request, res: Response, next: NextFunction): void {
    const { read: shown, write: taken } = permitted;
    if (asks && guard.isOver(req, res)) return;
    if (shown !== undefined) watch(shown, req, res);
    if (taken === undefined) pass(false, req, next);
    else check(taken, req, res, next);
  }

  function check(
    trees: readonly FieldTree[],
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    const judged = guard.enforced ? undefined : judgedBodyOf(req)?.value;
    const body: unknown = judged ?? req.body;
    // Whatever reads it later would not be checked.
    if (isEmptyBody(body) && judged === undefined && hasContent(req) && !wasRead(req)) {
      refuseUnread(req, res, next);
      return;
    }
    if (body === undefined || body === null) {
      pass(false, req, next);
      return;
    }
    const isStripped =
      onViolation === "strip" && typeof body === "object" && !ArrayBuffer.isView(body);
    if (isStripped) {
      const { value, isLess } = projectBody(body, trees);
      if (guard.enforced && isLess) req.body = value;
      pass(isLess, req, next);
      return;
    }
    const errors = findViolations(body, trees);
    if (errors.length === 0) pass(false, req, next);
    else {
      const error = new HttpError("access_denied", { members: { errors } });
      guard.refuse(error, req, res, next, { reason: "field_not_permitted", rule });
    }
  }

  function refuseUnread(req: Request, res: Response, next: NextFunction): void {
    guard.tell(
      new MountingError(
        "allowFields found a body that nothing has read: mount jsonBody() or another parser in front of it",
      ),
    );
    const error = new HttpError("unsupported_media_type");
    guard.refuse(error, req, res, next, { reason: "unread_body", rule });
  }

  function pass(isLess: boolean, req: Request, next: NextFunction): void {
    guard.allow(req, isLess ? { ...REMOVED, rule } : { rule });
    next();
  }

  function watch(trees: readonly FieldTree[], req: Request, res: Response): void {
    if (guard.enforced) {
      watchJson(req, res, (answer) => projectAnswer(answer, trees).value);
      return;
    }
    watchJson(req, res, (answer) => {
      try {
        if (projectAnswer(answer, trees).isLess) guard.allow(req, { ...REMOVED, rule });
      } catch {
        // The writer of the answer meets the same error.
      }
      return answer;
    });
  }

  return guard.middleware(
    (req, res, next) => {
      const known = guard.enforced ? getPrincipal(req) : reportedPrincipal(req);
      const principal = known?.kind === "anonymous" ? null : known;
      const taken = write?.(principal, req);
      const shown = read?.(principal, req);
      if (isPromise(taken) || isPromise(shown)) {
        const both = Promise.all([taken, shown]);
        const answer = both.then(([one, other]): Permitted => ({ write: one, read: other }));
        guard.whenSettled(answer, req, res, next, conclude);
      } else conclude({ write: taken, read: shown }, req, res, next);
    },
    // It lets pass whoever sends no credentials: the route audit must not take it for protection.
    { rule, optional: true },
  );
}
