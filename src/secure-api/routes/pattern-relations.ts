import type { PathPattern } from "../../core/http/path-pattern.js";

/** Whether there is a request that both patterns cover, whatever its spelling. */
export function overlap(one: PathPattern, other: PathPattern): boolean {
  return sharesMethod(one, other) && sharesPath(one, other);
}

/** Whether the outer pattern covers every request that the inner one covers. */
export function contains(outer: PathPattern, inner: PathPattern): boolean {
  return containsMethod(outer, inner.method) && containsPath(outer, inner);
}

/** Whether the outer pattern covers every path that the inner one covers, whatever their methods. */
export function containsPath(outer: PathPattern, inner: PathPattern): boolean {
  const { length } = outer.segments;
  if (length > inner.segments.length) return false;
  if (!outer.below && (inner.below || length !== inner.segments.length)) return false;
  return outer.segments.every((literal, index) => {
    return literal === undefined || isSame(literal, inner.segments[index]);
  });
}

function sharesPath(one: PathPattern, other: PathPattern): boolean {
  const [short, long] = one.segments.length <= other.segments.length ? [one, other] : [other, one];
  if (short.segments.length < long.segments.length && !short.below) return false;
  return short.segments.every((literal, index) => {
    const beside = long.segments[index];
    return literal === undefined || beside === undefined || isSame(literal, beside);
  });
}

function sharesMethod(one: PathPattern, other: PathPattern): boolean {
  return containsMethod(one, other.method) || containsMethod(other, one.method);
}

function containsMethod({ method }: PathPattern, inner: string | undefined): boolean {
  return method === undefined || method === inner || (method === "GET" && inner === "HEAD");
}

/** Literals are of ASCII. */
function isSame(literal: string, other: string | undefined): boolean {
  return literal.toLowerCase() === other?.toLowerCase();
}
