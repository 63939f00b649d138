/** What is said of one cookie in a `Set-Cookie` field. @see https://www.rfc-editor.org/rfc/rfc6265#section-5.2 */
export interface SetCookie {
  readonly name: string;
  /** Whether it has no value, as one that is being deleted. */
  readonly empty: boolean;
  /** In lower case; where one stands twice, the last counts. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Reads a `Set-Cookie` field as browsers do. */
export function parseSetCookie(text: string): SetCookie {
  const [pair = "", ...rest] = text.split(";");
  const [name, value] = splitPair(pair);
  const attributes = new Map(
    rest.map((attribute) => {
      const [key, setting] = splitPair(attribute);
      return [key.toLowerCase(), setting.toLowerCase()];
    }),
  );
  return { name, empty: value === "" || value === '""', attributes };
}

function splitPair(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  return equals === -1
    ? [text.trim(), ""]
    : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}
