/**
 * The segments of a path that has one reading only: no empty or dot segment, no backslash, no `;`, no encoded slash, and no
 * percent-encoding of a character that needs none (RFC 3986 §6.2.2). `undefined` for any other.
 */
export function canonicalSegments(path: string): readonly string[] | undefined {
  // Many patterns are held against one path, one after the other. A client writes a long path as easily as a short one.
  if (path !== last.path) last = { path, segments: divide(path) };
  return last.segments;
}

/** The path that was looked at last. */
let last: { readonly path: string; readonly segments: readonly string[] | undefined } = {
  path: "/",
  segments: [],
};

function divide(path: string): readonly string[] | undefined {
  if (path === "/") return [];
  if (!path.startsWith("/") || /[\\;]/.test(path)) return undefined;
  const segments = path.slice(1).split("/");
  return segments.every(isCanonical) ? segments : undefined;
}

function isCanonical(segment: string): boolean {
  if (segment === "" || segment === "." || segment === "..") return false;
  if (!segment.includes("%")) return true;
  const decoded = decode(segment);
  return !/[/\\;\0]/.test(decoded) && encodeURIComponent(decoded) === segment;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
