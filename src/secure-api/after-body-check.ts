import { guardMark } from "../core/guard/guard-mark.js";
import type { Middleware } from "../core/guard/middleware.js";
import { covers, type PathPattern, parsePathPattern } from "../core/http/path-pattern.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { isPlainObject } from "../core/options/value.js";
import { isRefused } from "../core/refusal/refused.js";
import type { RateLimitPhases } from "../rate-limit/phases.js";

type Reader = OptionsReader<"jsonBody" | "formBody">;

const NO_PARSER =
  'must not be "after-body" without jsonBody or formBody: nothing parses a body for it';
const REPORTING =
  'must not be "after-body" behind a parser in report mode, which leaves no body: let jsonBody and formBody enforce, or give rateLimit mode: "report"';

/** Notes what keeps limits by a member of the body from seeing one. */
export function checkAfterBody(
  reader: Reader,
  { afterBody, enforced }: Pick<RateLimitPhases, "afterBody" | "enforced">,
  parsers: readonly Middleware[],
): void {
  const [first] = afterBody;
  if (first === undefined) return;
  const names = (["jsonBody", "formBody"] as const).filter((name) => Boolean(reader.raw(name)));
  const reports = parsers.some((parser) => guardMark(parser)?.mode === "report");
  const problem = names.length === 0 ? NO_PARSER : enforced && reports ? REPORTING : undefined;
  if (problem !== undefined) {
    reader.problems.note(`secureApi.${first.path}.phase`, problem);
    return;
  }
  const excepted = names.map((name) => exceptOf(reader.raw(name)));
  for (const { path, match = [] } of afterBody) {
    match.forEach((pattern, index) => {
      // What any parser reads can be counted.
      if (!excepted.every((left) => left.some((exemption) => covers(exemption, pattern)))) return;
      const place = match.length === 1 ? "match" : `match[${index}]`;
      reader.problems.note(
        `secureApi.${path}.${place}`,
        `must not be covered by except of ${names.join(" and ")}: no body would be parsed there, and each request refused. Take the path out of except of one`,
      );
    });
  }
}

/** What is wrong with the patterns is noted where they are read. */
function exceptOf(options: unknown): readonly PathPattern[] {
  const except = isPlainObject(options) ? options["except"] : undefined;
  return [except].flat().flatMap((text) => {
    const pattern = typeof text === "string" ? parsePathPattern(text) : undefined;
    return pattern === undefined || isRefused(pattern) ? [] : pattern;
  });
}
