import { STATUS_CODES } from "node:http";
import { requestSlot } from "../request/request-slot.js";

/** A problem document. @see https://www.rfc-editor.org/rfc/rfc9457#section-3.1 */
export interface Problem {
  readonly type?: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId?: string;
  readonly [member: string]: unknown;
}

/** Id of the request, which `auditLog` sets and problem documents name. */
export const requestId = requestSlot<string>("requestId");

/** Media type of {@link Problem} documents. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** The members that only we write. */
const STANDARD_MEMBERS: readonly string[] = [
  "type",
  "title",
  "status",
  "detail",
  "code",
  "requestId",
] satisfies (keyof Problem)[];

/** Whether only we write this member of a problem document. */
export function isStandardMember(name: string): boolean {
  return STANDARD_MEMBERS.includes(name);
}

/** Builds a problem document. `members` must not have a standard one, see {@link isStandardMember}. */
export function createProblem(
  status: number,
  code: string,
  detail: string,
  type?: string,
  members?: Readonly<Record<string, unknown>>,
): Problem {
  const title = STATUS_CODES[status] ?? "Error";
  // "about:blank" says nothing more than the status: it is left out (RFC 9457 §4.2.1).
  return type === undefined || type.toLowerCase() === "about:blank"
    ? { ...members, title, status, detail, code }
    : { ...members, type, title, status, detail, code };
}
