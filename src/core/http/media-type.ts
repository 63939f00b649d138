/** A media type with its parameters. @see https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1 */
interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** The `charset` parameter in lower case. */
  readonly charset: string | undefined;
}

const ESSENCE = /^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const PARAMETER =
  /^[\t ]*;[\t ]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[\t\x20-\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*)"))?/;
const MAX_LENGTH = 1000;

/** What stands before the parameters, in lower case, however malformed the rest may be. */
export function essenceOf(field: string): string {
  const semicolon = field.indexOf(";");
  return (semicolon === -1 ? field : field.slice(0, semicolon)).trim().toLowerCase();
}

/**
 * Reads a `Content-Type` field by the letter of RFC 9110 §8.3.1. Parsers that read a malformed field differently are
 * how a body gets past its validator, so a malformed one, or one with two charsets, is none at all.
 */
export function parseMediaType(field: string): MediaType | undefined {
  const essence = essenceOf(field);
  if (field.length > MAX_LENGTH || !ESSENCE.test(essence)) return undefined;
  let charset: string | undefined;
  const semicolon = field.indexOf(";");
  for (let rest = semicolon === -1 ? "" : field.slice(semicolon); rest !== ""; ) {
    const match = PARAMETER.exec(rest);
    if (match === null) return /^[\t ]*$/.test(rest) ? { essence, charset } : undefined;
    const [text, name, token, quoted] = match;
    if (name?.toLowerCase() === "charset") {
      if (charset !== undefined) return undefined;
      charset = (token ?? quoted?.replaceAll(/\\(.)/g, "$1") ?? "").toLowerCase();
    }
    rest = rest.slice(text.length);
  }
  return { essence, charset };
}

/** Whether the essence names JSON: `application/json`, or a type with the `+json` suffix (RFC 6839 §3.1). */
export function isJsonEssence(essence: string): boolean {
  return essence === "application/json" || (essence.endsWith("+json") && ESSENCE.test(essence));
}

/** Whether the text is a media type, or a range of the form `application/*+json`. */
export function isMediaTypePattern(text: string): boolean {
  return ESSENCE.test(text) && (!text.includes("*") || /^[^*]+\/\*\+[^*]+$/.test(text));
}

/** A test for the media types of a list of {@link isMediaTypePattern} texts. */
export function createMediaTypeTest(patterns: readonly string[]): (field: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const ranges = patterns.filter((pattern) => pattern.includes("*")).map((p) => p.split("*"));
  return (field) => {
    // The usual request names the media type and nothing else.
    if (exact.has(field)) return true;
    const essence = parseMediaType(field)?.essence;
    if (essence === undefined) return false;
    return (
      exact.has(essence) ||
      ranges.some(
        ([start = "", end = ""]) =>
          essence.startsWith(start) &&
          essence.endsWith(end) &&
          essence.length > start.length + end.length,
      )
    );
  };
}
