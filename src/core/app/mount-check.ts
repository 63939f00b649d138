import type { Request } from "express";
import { type PathPattern, reachesBelow } from "../http/path-pattern.js";

/**
 * Notices patterns without effect: they are absolute, so below the path at which a middleware is mounted they must begin
 * with that path. `process.emitWarning` names those that no request can match, once.
 *
 * @param lists - Lists of patterns of which one at least has to match something: a middleware that is mounted at two
 * paths has patterns for both.
 * @returns What to call at each request.
 */
export function createMountCheck(
  guard: string,
  lists: readonly (readonly PathPattern[])[],
): (req: Request) => void {
  let done = lists.length === 0;
  return (req) => {
    if (done || isMountedAtPattern(req)) return;
    done = true;
    const missed = lists
      .filter((list) => list.every((pattern) => !reachesBelow(pattern, req.baseUrl)))
      .flat();
    if (missed.length === 0) return;
    const texts = missed.map(({ text }) => text).join(", ");
    process.emitWarning(
      `${guard}: no request can match these patterns, because it is mounted at ${req.baseUrl} and patterns are held against the whole path: ${texts}. Put the path of the mount in front of them.`,
      { code: "EXPRESS_SECURE_API_UNREACHABLE_PATTERN", type: "SecurityWarning" },
    );
  };
}

/**
 * Whether the path of the mount may be another one for each request: `"*"` and regular expressions leave nothing of the
 * path behind it, and `"/:tenant"` has parameters. Where that cannot be told apart, the next request may tell.
 */
function isMountedAtPattern({ baseUrl, params, path }: Request): boolean {
  return baseUrl !== "" && (path === "/" || Object.keys(params ?? {}).length > 0);
}
