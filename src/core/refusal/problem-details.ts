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

/** Builds a frozen problem document; `members` cannot replace the standard ones. */
export function createProblem(
  status: number,
  code: string,
  detail: string,
  type?: string,
  members?: Readonly<Record<string, unknown>>,
): Problem {
  const further =
    members && Object.entries(members).filter(([name]) => !STANDARD_MEMBERS.includes(name));
  return Object.freeze({
    ...(further && Object.fromEntries(further)),
    // "about:blank" says nothing more than the status: it is left out (RFC 9457 §4.2.1).
    ...(type === undefined || type.toLowerCase() === "about:blank" ? {} : { type }),
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail,
    code,
  });
}
