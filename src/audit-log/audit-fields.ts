import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { auditState } from "./facts/audit-state.js";
import { type FieldFault, keepFields, MAX_FIELDS } from "./fields/app-fields.js";

/** What the app adds to the record of a request. */
export interface AuditFields {
  readonly [name: string]: string | number | boolean | undefined;
}

const FAULTS: Readonly<Record<FieldFault, string>> = {
  name: "a name must have a letter and up to 39 letters, digits or underscores",
  secret: "a name says that the field carries a credential, a key or a session",
  value: "a value must be a string, a finite number or a boolean",
  number: `a request has at most ${MAX_FIELDS} fields`,
};
// Of the process: what is wrong with a call is wrong whichever log runs, and one warning is enough.
const told = new Set<FieldFault>();

/**
 * Adds fields of the app to the record of the request: `auditFields(req, { orderId, amount })` gives `app.orderId` and
 * `app.amount`. A later value of a name replaces an earlier one; `undefined` leaves it as it is.
 *
 * Names have a letter and up to 39 letters, digits or underscores, and must not say that they carry a secret. Values are
 * strings (made safe like all texts, and cut after 256 characters), finite numbers and booleans. A request has at most 16
 * fields. What is anything else is left out: it never breaks the request. The first of its kind in the process is a
 * warning, `EXPRESS_SECURE_API_AUDIT_FIELD`.
 *
 * It does not know what a value means: give it no personal data and no secrets.
 *
 * @returns Whether all fields will be in the record: `false` when one was left out, when no `auditLog` ran in front, and
 * when the record was written already. A request without a record, as `except` makes it, has no fields either.
 */
export function auditFields(req: Request, fields: AuditFields): boolean;
export function auditFields(req: Request, fields: AuditFields, next?: unknown): boolean {
  if (next !== undefined) refuseMounting("auditFields", next);
  // What is wrong must not break a request, and the request itself may be what is missing.
  if (typeof req !== "object" || req === null || auditState.get(req) !== "open") return false;
  const fault = keepFields(req, fields);
  if (fault === undefined) return true;
  if (!told.has(fault)) {
    told.add(fault);
    process.emitWarning(`auditFields: ${FAULTS[fault]}. The field is not in the record.`, {
      code: "EXPRESS_SECURE_API_AUDIT_FIELD",
    });
  }
  return false;
}
