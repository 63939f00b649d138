import type { DeclaredPath } from "../discovery/declared-path.js";

/** What every path that something matches begins with. */
export interface PathOutline {
  /** Literals in lower case, and `undefined` for a parameter. */
  readonly segments: readonly (string | undefined)[];
  /** Whether anything may follow. */
  readonly isOpen: boolean;
}

/** A declared path, and whether Express 4 has read it. */
export interface ReadPath {
  readonly path: DeclaredPath;
  readonly isExpress4: boolean;
}

const LITERAL = /^[\w.~@%-]+$/;
const PARAMETER = /^:[A-Za-z_]\w*$/;
/** On Express 4 these make the slash in front of them optional, or repeat it. */
const LOOSENS_SLASH = /^(?:[?{]|:(?!\w+\??$).*\?)/;

/**
 * Where paths begin that are declared one behind the other, as mounts and a route are. It says too little rather than too
 * much: where the syntax of a path goes beyond literals and parameters, the outline is open.
 *
 * @param paths - The outermost first.
 */
export function outlineOf(paths: readonly ReadPath[]): PathOutline {
  const segments: (string | undefined)[] = [];
  for (const { path, isExpress4 } of paths) {
    if (!addSegments(segments, path, isExpress4)) return { segments, isOpen: true };
  }
  return { segments, isOpen: false };
}

/** The segments of a path that are not empty, as routers compare them. */
export function segmentsOf(path: string): readonly string[] {
  return path
    .toLowerCase()
    .split("/")
    .filter((segment) => segment !== "");
}

/** @returns Whether all of the path was understood. */
function addSegments(
  found: (string | undefined)[],
  { kind, text }: DeclaredPath,
  isExpress4: boolean,
): boolean {
  if (kind !== "template") return false;
  if (text === "") return true;
  if (!text.startsWith("/")) return false;
  const before = found.length;
  for (const segment of text.slice(1).split("/")) {
    if (segment === "") continue;
    if (PARAMETER.test(segment)) found.push(undefined);
    else if (LITERAL.test(segment)) found.push(segment.toLowerCase());
    else {
      if (isExpress4 && LOOSENS_SLASH.test(segment) && found.length > before) found.pop();
      // Express 5: `/users{/:id}` begins with `/users`.
      const literal = segment.slice(0, -1);
      if (!isExpress4 && segment.endsWith("{") && LITERAL.test(literal))
        found.push(literal.toLowerCase());
      return false;
    }
  }
  return true;
}
