const MAX_LENGTH = 256;
/** Pages and scripts that an extension, or the browser itself, has put there. */
const EXTENSION = /^(?:(?:[a-z]+-){0,4}extension|chrome|resource)(?::|$)/i;
const KEYWORD = /^[a-z]+(?:-[a-z]+){0,4}$/;
const WITH_PATHS = new Set(["http:", "https:", "ws:", "wss:"]);

/** Whether the URL, or the bare scheme that browsers write in its place, belongs to an extension of the browser. */
export function isExtensionUrl(value: unknown): boolean {
  return typeof value === "string" && EXTENSION.test(value.slice(0, 100).trimStart());
}

/**
 * A URL of a report as it may be kept: without query, fragment and user information, which may hold tokens. A word such as
 * `inline` stays what it is. Of URLs such as `data:` and `blob:` the scheme is left.
 *
 * @returns `undefined` when it is neither.
 */
export function strippedUrl(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (value.length <= 40 && KEYWORD.test(value)) return value;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    return undefined;
  }
  const text = WITH_PATHS.has(url.protocol)
    ? `${url.protocol}//${url.host}${url.pathname}`
    : url.protocol.slice(0, -1);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
}
