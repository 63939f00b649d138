import { redactSecretShapes } from "./secret-shapes.js";

/** More than any value keeps after the cut: what lies behind cannot reach a record. */
const MAX_READ = 1024;

/**
 * Takes out of a text what must not stand in a log: anything that looks like a JWT, credentials behind an
 * authentication scheme, the query of a URL, user information in one, and whatever else has the form of a secret.
 */
export function scrubText(text: string): string {
  const scrubbed = text
    .slice(0, MAX_READ)
    .replace(/eyJ[\w%.~+/=-]{8,}/g, "REDACTED")
    .replace(/\b(bearer|basic|dpop|negotiate|digest)(\s|%20|\+|:|=)+[^\s,;]+/gi, "$1 REDACTED")
    .replace(/\?[^\s#]+/g, "?REDACTED")
    .replace(/\/\/[^\s/@]*@/g, "//REDACTED@");
  return redactSecretShapes(scrubbed);
}
