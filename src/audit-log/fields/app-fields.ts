import { requestSlot } from "../../core/request/request-slot.js";
import { redactCardNumbers } from "../text/card-number.js";
import { jsonText } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";
import { namesSecret } from "../text/secret-name.js";

/** Why a field is not taken. */
export type FieldFault = "name" | "secret" | "value" | "number";

/** Of one request, over all calls. */
export const MAX_FIELDS = 16;
const MAX_TEXT_LENGTH = 256;
/** Of what one call gives: the rest is not even looked at. */
const MAX_LOOKED_AT = 64;
/** The prefix is ours, so a field never replaces another member of a record. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

/** By name, as JSON text. */
const kept = requestSlot<Map<string, string>>("auditFields");

/**
 * Keeps fields of the app for the record of the request. A later value of a name replaces an earlier one.
 *
 * @param fields - Anything: it is read once, member by member, and what throws is a wrong value.
 * @returns What is wrong with the first field that was not taken, if there is one.
 */
export function keepFields(req: object, fields: unknown): FieldFault | undefined {
  let names: readonly string[];
  try {
    names = Object.keys(fields as object);
  } catch {
    // No object, or one that does not let itself be read.
    return "value";
  }
  let fault: FieldFault | undefined = names.length > MAX_LOOKED_AT ? "number" : undefined;
  for (const name of names.slice(0, MAX_LOOKED_AT)) {
    const problem = keepField(req, name, fields as Readonly<Record<string, unknown>>);
    fault ??= problem;
  }
  return fault;
}

/**
 * The fields of a request as members of its record, `"app.amount":12,"app.orderId":"7"`, in the order of the code units of
 * their names; `undefined` when it has none.
 */
export function fieldMembers(req: object): string | undefined {
  const fields = kept.get(req);
  if (fields === undefined) return undefined;
  return [...fields.keys()]
    .sort()
    .map((name) => `"app.${name}":${fields.get(name)}`)
    .join(",");
}

function keepField(
  req: object,
  name: string,
  fields: Readonly<Record<string, unknown>>,
): FieldFault | undefined {
  if (!NAME.test(name)) return "name";
  if (namesSecret(name)) return "secret";
  let json: string | undefined;
  try {
    const value = fields[name];
    if (value === undefined) return undefined;
    json = toJson(value);
  } catch {
    // A getter, or a Proxy.
  }
  if (json === undefined) return "value";
  let all = kept.get(req);
  if (all === undefined) {
    all = new Map();
    kept.set(req, all);
  }
  if (all.size >= MAX_FIELDS && !all.has(name)) return "number";
  all.set(name, json);
  return undefined;
}

/** RFC 8785 §3.2.2.3: numbers are written as ECMAScript writes them. */
function toJson(value: unknown): string | undefined {
  if (typeof value === "string") return jsonText(scrubText(value), MAX_TEXT_LENGTH);
  if (typeof value === "boolean") return String(value);
  if (!Number.isFinite(value)) return undefined;
  const text = String(value);
  return redactCardNumbers(text) === text ? text : '"REDACTED"';
}
