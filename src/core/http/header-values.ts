/**
 * A quoted-string of RFC 9110 §5.6.4, limited to what RFC 6750 §3 allows in a challenge: `"`, `\`, controls and
 * non-ASCII characters are left out.
 */
export function quotedString(text: string): string {
  return `"${text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "")}"`;
}

/** A challenge for `WWW-Authenticate`: scheme and parameters, each value a quoted-string. */
export function challenge(
  scheme: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) parts.push(`${name}=${quotedString(value)}`);
  }
  return parts.length === 0 ? scheme : `${scheme} ${parts.join(", ")}`;
}

/** A String of RFC 9651 §4.1.6. @throws RangeError when the text is not printable ASCII. */
export function sfString(text: string): string {
  if (!isPrintableAscii(text))
    throw new RangeError("a structured-field String must be printable ASCII");
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** An Integer of RFC 9651 §4.1.4. @throws RangeError beyond 15 digits. */
export function sfInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > 999_999_999_999_999) {
    throw new RangeError("a structured-field Integer must be whole and have at most 15 digits");
  }
  return String(value);
}

/** Whether the text can stand in a structured-field String (RFC 9651 §3.3.3). */
export function isPrintableAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Whether the text is a token of RFC 9110 §5.6.2: a field name or a method. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** Adds names to the `Vary` field of a response unless they stand there already (RFC 9110 §12.5.5). */
export function addVary(current: unknown, name: string): string {
  const listed = Array.isArray(current)
    ? current.join(", ")
    : typeof current === "string"
      ? current
      : "";
  if (listed === "") return name;
  const names = listed.split(",").map((item) => item.trim().toLowerCase());
  return names.includes("*") || names.includes(name.toLowerCase()) ? listed : `${listed}, ${name}`;
}
