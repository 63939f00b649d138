import type { Request } from "express";
import type { Part } from "../issues/field-error.js";

/** The parts that HTTP carries as text, outside the content. */
export type TextPart = Exclude<Part, "body">;

/** Copies the named values of one part. Express 5 parses the query at every access, so it is read once, here. */
export function readPart(part: TextPart, req: Request): Readonly<Record<string, unknown>> {
  switch (part) {
    case "headers":
      return readHeaders(req);
    case "cookies":
      return readCookies(req.headers.cookie);
    default:
      // A copy with a prototype: Express 5 hands out objects without one, which some libraries do not take.
      return { ...req[part] };
  }
}

/** A field that stands once is text, one that is repeated a list: Node itself joins some and drops others. */
function readHeaders(req: Request): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, lines] of Object.entries(req.headersDistinct)) {
    fields[name] = lines?.length === 1 ? lines[0] : lines;
  }
  return fields;
}

/** Reads the `Cookie` field (RFC 6265 §5.4), because parsers of cookies hide the ones that are sent twice. */
function readCookies(field: string | undefined): Record<string, unknown> {
  const cookies = new Map<string, string | string[]>();
  for (const pair of (field ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    const value = decode(
      pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1"),
    );
    const earlier = cookies.get(name);
    if (earlier === undefined) cookies.set(name, value);
    else if (typeof earlier === "string") cookies.set(name, [earlier, value]);
    // In place: a field of 16 kB can name one cookie 4,000 times.
    else earlier.push(value);
  }
  return Object.fromEntries(cookies);
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
