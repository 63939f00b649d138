import { ISSUE_DETAILS, type Issue, type IssueCode } from "./issue.js";

/** The parts of a request, as `validate` and Express name them. */
export type Part = "body" | "query" | "params" | "headers" | "cookies";

/** How much the `errors` of a refusal tell. */
export type Expose = "full" | "pointers" | "none";

/** One entry of `errors` in the problem document. */
export interface FieldError {
  readonly in: "body" | "query" | "path" | "header" | "cookie";
  /** In a body: JSON Pointer as a URI fragment (RFC 6901 §6); for an unknown field, that of its parent. */
  readonly pointer?: string;
  /** Name of the query or path parameter. */
  readonly parameter?: string;
  readonly header?: string;
  readonly cookie?: string;
  readonly code: IssueCode;
  readonly detail: string;
  /** Name of the unknown field, with `expose: "full"`. */
  readonly name?: string;
}

const PLACES = {
  body: "body",
  query: "query",
  params: "path",
  headers: "header",
  cookies: "cookie",
} as const;

/** Names in a schema can be long, and those of a client, which `expose: "full"` shows: they are cut. */
const MAX_NAME = 64;

/** Turns an issue into what the client is told. Nothing of it is a value of the request. */
export function toFieldError(part: Part, issue: Issue, expose: Expose): FieldError {
  const full = expose === "full";
  const expected = full ? issue.expected : undefined;
  const detail = expected ?? ISSUE_DETAILS[issue.code];
  return {
    in: PLACES[part],
    ...place(part, issue),
    code: issue.code,
    detail: issue.below === true ? `a member below it ${detail}` : detail,
    ...(full && issue.name !== undefined ? { name: cut(issue.name) } : {}),
  };
}

/** A JSON Pointer as a URI fragment: `#/items/0/a~1b`. @see https://www.rfc-editor.org/rfc/rfc6901#section-6 */
function toPointer(path: readonly string[]): string {
  const tokens = path.map((name) =>
    encodeURIComponent(cut(name).replaceAll("~", "~0").replaceAll("/", "~1")),
  );
  return ["#", ...tokens].join("/");
}

function place(part: Part, issue: Issue): Partial<FieldError> {
  if (part === "body") return { pointer: toPointer(issue.path) };
  const [name] = issue.path;
  if (name === undefined) return {};
  if (part === "headers") return { header: cut(name) };
  return part === "cookies" ? { cookie: cut(name) } : { parameter: cut(name) };
}

/** Well-formed too: half a surrogate pair, left by the cut, could not be percent-encoded. */
function cut(name: string): string {
  return (name.slice(0, MAX_NAME) as string & { toWellFormed(): string }).toWellFormed();
}
