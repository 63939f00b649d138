import { validateHeaderName, validateHeaderValue } from "node:http";
import { addMember, isPlainObject } from "./json-copy.js";

/** Names and values that must go on the response; a list is sent as several fields. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** What the answer itself says about its body: a refusal has no say in it. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  "cache-control",
  "content-encoding",
  "content-length",
  "content-type",
  "etag",
  "last-modified",
  "trailer",
  "transfer-encoding",
]);

const NO_FIELDS: HeaderFields = Object.freeze({});

/**
 * A frozen copy of the header fields of a refusal.
 *
 * @throws TypeError when they are no plain object, a name is no field name or one that describes the body, or a value
 * is neither a string nor a list of strings that may be sent.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5
 */
export function copyHeaderFields(headers: unknown): HeaderFields {
  if (headers === undefined) return NO_FIELDS;
  if (!isPlainObject(headers)) throw new TypeError("HttpError: headers must be a plain object");
  const fields: Record<string, string | readonly string[]> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    const fault = headerFault(name, value);
    if (fault !== undefined) throw new TypeError(`HttpError: ${fault}`);
    addMember(
      fields,
      name,
      typeof value === "string" ? value : Object.freeze([...(value as string[])]),
    );
  }
  return Object.freeze(fields);
}

/** Why a refusal cannot send the field, without the value, which may be secret; `undefined` when it can. */
export function headerFault(name: string, value: unknown): string | undefined {
  try {
    validateHeaderName(name);
  } catch {
    return "headers must have names of header fields";
  }
  if (OF_THE_BODY.has(name.toLowerCase())) return `headers must not set ${name}`;
  if (!Array.isArray(value)) return valueFault(name, value);
  if (value.length === 0) return `headers.${name} must not be an empty list`;
  for (const one of value) {
    const fault = valueFault(name, one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function valueFault(name: string, value: unknown): string | undefined {
  if (typeof value !== "string") return `headers.${name} must be a string or a list of strings`;
  try {
    validateHeaderValue(name, value);
  } catch {
    return `headers.${name} has a character that no header field may have`;
  }
  return undefined;
}
