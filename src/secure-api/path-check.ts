import type { Request } from "express";
import { createGuard } from "../core/guard/guard.js";
import { type Mode, readMode } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { overridesMethod } from "../core/http/first-party.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { wrongChoice } from "../core/options/spelling.js";
import type { OnDenied } from "../core/refusal/deny.js";
import { HttpError } from "../core/refusal/http-error.js";

/** A way to write a path, or a method, of which software makes different things. */
export type AmbiguousKind =
  | "dot-segment"
  | "empty-segment"
  | "backslash"
  | "encoded-slash"
  | "undecodable"
  | "method-override";

/** What is done with requests whose path or method can be read in more than one way. */
export interface PathOptions {
  /**
   * Kinds that the app needs, and that are let through. The rows of the table cover every reading of such a path.
   *
   * - `"dot-segment"`: `/a/../b`, `/a/%2e/b`
   * - `"empty-segment"`: `/a//b`
   * - `"backslash"`: `/a\b`, `/a%5Cb`
   * - `"encoded-slash"`: `/a%2Fb`
   * - `"undecodable"`: `/%`, `/%E9`
   * - `"method-override"`: `X-HTTP-Method-Override`, `X-HTTP-Method`, `X-Method-Override`, `_method` in the query
   *
   * @default none
   */
  readonly allow?: AmbiguousKind | readonly AmbiguousKind[] | undefined;
  /** `"report"` records what would be refused. @default that of the preset */
  readonly mode?: Mode | undefined;
}

/** Why a request is refused. The last two are never allowed. */
type PathReason =
  | "dot_segment"
  | "empty_segment"
  | "backslash"
  | "encoded_slash"
  | "undecodable"
  | "method_override"
  | "nul"
  | "not_absolute";

const PATH_KEYS: OptionKeys<PathOptions> = { allow: true, mode: true };
/** What other people call them. */
export const PATH_HINTS: Hints<PathOptions> = { allowed: "allow", except: "allow" };

const KINDS = {
  "dot-segment": "dot_segment",
  "empty-segment": "empty_segment",
  backslash: "backslash",
  "encoded-slash": "encoded_slash",
  undecodable: "undecodable",
  "method-override": "method_override",
} as const satisfies Record<AmbiguousKind, PathReason>;
const NAMES = Object.keys(KINDS) as AmbiguousKind[];

/** All that has to be looked at more closely. */
const SUSPICIOUS = /[%\\\0]|\/[./]/;
const DOTS = /^\.\.?$/;

/** The check, and what it lets through. */
interface PathCheck {
  /** `undefined` where nothing is checked. */
  readonly step: Middleware | undefined;
  /** The option that lets paths with dot segments pass; `undefined` when they are refused. */
  readonly dotsBy: "allow" | "mode" | undefined;
}

/**
 * Reads `paths`, and makes the guard that refuses ambiguous requests: 400 `ambiguous_request`.
 *
 * @param isNeeded - Whether there is one without the option, too.
 */
export function readPathCheck(
  reader: OptionsReader<"paths">,
  defaults: { readonly mode: Mode; readonly onDenied: OnDenied },
  isNeeded: boolean,
): PathCheck {
  const options = reader.object<PathOptions>(
    "paths",
    PATH_KEYS,
    PATH_HINTS,
    '{ allow: ["encoded-slash"] }',
  );
  if (options === undefined && !isNeeded) return { step: undefined, dotsBy: undefined };
  const allowed = new Set<PathReason>();
  options?.strings("allow", {
    check(kind) {
      if (!Object.hasOwn(KINDS, kind)) return wrongChoice(kind, NAMES);
      allowed.add(KINDS[kind as AmbiguousKind]);
      return undefined;
    },
  });
  const mode = options?.has("mode") ? readMode(options) : defaults.mode;
  const guard = createGuard("secureApi", "validation", { mode, onDenied: defaults.onDenied });
  const step = guard.middleware(
    (req, res, next) => {
      const reason =
        pathFault(sentPath(req), req.method, allowed) ??
        (!allowed.has("method_override") && overridesMethod(req) ? "method_override" : undefined);
      if (reason === undefined) guard.pass(next);
      else guard.refuse(new HttpError("ambiguous_request"), req, res, next, { reason });
    },
    { rule: "paths" },
  );
  const dotsBy = allowed.has("dot_segment") ? "allow" : mode === "report" ? "mode" : undefined;
  return { step, dotsBy };
}

/**
 * The path as it was sent. Express 4 takes a slash too many behind the path of a mount for a part of that path, so that it
 * is in neither half; what something in front has rewritten counts as rewritten.
 */
function sentPath({ baseUrl, path, originalUrl }: Request): string {
  const seen = baseUrl + path;
  if (baseUrl === "") return seen;
  const [sent = ""] = originalUrl.split("?", 1);
  return sent.length > seen.length && withoutEmpty(sent) === withoutEmpty(seen) ? sent : seen;
}

function withoutEmpty(path: string): string {
  return path.replaceAll(/\/{2,}/g, "/");
}

/** The first fault of the path that is not allowed. */
function pathFault(
  path: string,
  method: string,
  allowed: ReadonlySet<PathReason>,
): PathReason | undefined {
  // `OPTIONS *` asks about the server (RFC 9110 §9.3.7). HTTP/2 lets clients write anything.
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS")) return "not_absolute";
  if (!SUSPICIOUS.test(path)) return undefined;
  // What stands in front of the first slash is nothing, and a slash may end a path.
  const segments = path.slice(1).split("/");
  if (segments.length > 1 && segments.at(-1) === "") segments.pop();
  if (path === "/") return undefined;
  for (const segment of segments) {
    for (const reason of faultsOf(segment)) if (!allowed.has(reason)) return reason;
  }
  return undefined;
}

function faultsOf(segment: string): readonly PathReason[] {
  if (segment === "") return ["empty_segment"];
  const faults: PathReason[] = [];
  const decoded = decode(segment);
  if (decoded === undefined) faults.push("undecodable");
  const text = decoded ?? segment.replaceAll(/%(2e|2f|5c|00)/gi, decodeURIComponent);
  if (text.includes("\0")) faults.push("nul");
  if (text.includes("\\")) faults.push("backslash");
  if (text.includes("/")) faults.push("encoded_slash");
  if (text.split(/[/\\]/).some((part) => DOTS.test(part))) faults.push("dot_segment");
  return faults;
}

/** `undefined` when it cannot be decoded. */
function decode(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
