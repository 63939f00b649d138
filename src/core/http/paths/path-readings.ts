/** The segments of a path, as one piece of software divides it. Decoded; without empty ones. */
type Reading = readonly string[];

/** What has more than one reading, or other letters than are written. */
const ODD = /[%\\]|(?:^|\/)\.\.?(?:\/|$)/;
const DIVIDED = /[/\\]/;

/** Whether the path is of plain letters, and so has one reading: its segments as they are written. */
export function isPlainPath(path: string): boolean {
  return !ODD.test(path);
}

/**
 * The ways in which software may read a path, for restrictions, which must know all of them.
 *
 * The router of Express divides the path where a slash is written, and takes dot segments and encoded slashes for parts
 * of it. Static files and proxies decode it first, and then resolve dot segments (RFC 3986 §5.2.4). Behind a router both
 * happen: the first segments are those of the mount, and what is left is a file. So each path is read as written, decoded
 * as a whole, and as a mount of any depth with a file behind it. A path of plain letters has one reading.
 *
 * @param depth - How many segments the longest pattern has: a mount that is deeper makes no difference to it, and of a
 * longer reading it needs no more than one segment beyond that, which are all that it gets of an ambiguous path.
 */
export function readingsOf(path: string, depth: number): readonly Reading[] {
  // Many patterns are held against one path, one after the other. A client writes a long path as easily as a short one.
  if (path !== last.path) last = { path, byDepth: [] };
  last.byDepth[depth] ??= divide(path, depth);
  return last.byDepth[depth];
}

/** The readings of the path that was looked at last, by depth: patterns are short, so there are few. */
let last: { readonly path: string; readonly byDepth: (readonly Reading[])[] } = {
  path: "",
  byDepth: [],
};

function divide(path: string, depth: number): readonly Reading[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  if (isPlainPath(path)) return [segments];
  const written = segments.map(decodeBroadly);
  if (!written.some(isAmbiguous)) return [written];
  const parts = written.map(partsOf);
  const most = depth + 1;
  const readings = [written.slice(0, most), parts.flat().slice(0, most)];
  for (let mounted = 0; mounted <= Math.min(depth, written.length); mounted += 1) {
    readings.push([...written.slice(0, mounted), ...resolveDots(parts, mounted)].slice(0, most));
  }
  return readings;
}

function isAmbiguous(segment: string): boolean {
  return segment === "." || segment === ".." || DIVIDED.test(segment);
}

/** With encoded slashes as slashes; a backslash is one on Windows, and for `url.parse()`. */
function partsOf(segment: string): Reading {
  return DIVIDED.test(segment) ? segment.split(DIVIDED).filter((part) => part !== "") : [segment];
}

function resolveDots(segments: readonly Reading[], from: number): Reading {
  const resolved: string[] = [];
  for (let index = from; index < segments.length; index += 1) {
    for (const part of segments[index] as Reading) {
      if (part === "..") resolved.pop();
      else if (part !== ".") resolved.push(part);
    }
  }
  return resolved;
}

/** Decodes what can be decoded: one malformed sequence must not keep the rest of the path from being seen. */
function decodeBroadly(text: string): string {
  if (!text.includes("%")) return text;
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_sequence, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
