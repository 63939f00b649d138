import { type HeaderFields, headerFault } from "../../core/refusal/header-fields.js";
import { errorMember } from "./error-member.js";

const TOKEN = "[!#$%&'*+\\-.^_`|~\\w]+";
/** Lists of the grammar of RFC 9110 §5.6.1, one element after the other, so that no text is read twice. */
const listOf = (element: string): RegExp =>
  new RegExp(`^${element}(?:[ \\t]*,[ \\t]*${element})*$`);
const RANGES = /^[\x20-\x7e\t]+$/;

/** The fields of an answer that explain an error, and what they may hold; others of it stay inside. */
const HONOURED_FIELDS: ReadonlyMap<string, RegExp> = new Map([
  ["accept", RANGES],
  ["accept-encoding", RANGES],
  ["accept-patch", RANGES],
  ["accept-post", RANGES],
  ["allow", listOf(TOKEN)],
  ["content-range", new RegExp(`^${TOKEN} (?:\\d+-\\d+/(?:\\d+|\\*)|\\*/\\d+)$`)],
  // Seconds, or a date in the one form that is sent (RFC 9110 §5.6.7).
  ["retry-after", /^(?:\d{1,10}|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT)$/],
  ["upgrade", listOf(`${TOKEN}(?:/${TOKEN})?`)],
  ["www-authenticate", RANGES],
]);

/** What text is made of a value that is missing. */
const NO_VALUE = /^(?:|undefined|null|NaN|-?Infinity|true|false|\[object .*)$/;
/** Clients give up on an answer whose fields are longer than some 16 kB together. */
const MAX_LENGTH = 4096;

/**
 * The header fields of an error of `http-errors`, which is known by `expose`, as far as they are honoured and hold what
 * such a field may hold. Never throws.
 */
export function honouredFields(error: unknown): HeaderFields {
  const headers = errorMember(error, "headers");
  if (typeof errorMember(error, "expose") !== "boolean") return {};
  if (typeof headers !== "object" || headers === null) return {};
  const fields: Record<string, string | readonly string[]> = {};
  try {
    for (const [name, value] of Object.entries(headers)) {
      const field = honoured(name, typeof value === "number" ? String(value) : value);
      if (field !== undefined) fields[name] = field;
    }
  } catch {
    // A throwing getter, or a Proxy.
  }
  return fields;
}

function honoured(name: string, value: unknown): string | readonly string[] | undefined {
  const grammar = HONOURED_FIELDS.get(name.toLowerCase());
  if (grammar === undefined) return undefined;
  // A copy: what was looked at is what is sent.
  const values: readonly unknown[] = Array.isArray(value) ? value.slice(0, MAX_LENGTH) : [value];
  const fit = values.every((one) => typeof one === "string" && fits(one, grammar));
  if (!fit || headerFault(name, values) !== undefined) return undefined;
  const texts = values as readonly string[];
  if (texts.join().length > MAX_LENGTH) return undefined;
  return Array.isArray(value) ? texts : texts[0];
}

function fits(value: string, grammar: RegExp): boolean {
  if (value.length > MAX_LENGTH || NO_VALUE.test(value)) return false;
  return grammar.test(value) && !(value.endsWith(" GMT") && Number.isNaN(Date.parse(value)));
}
