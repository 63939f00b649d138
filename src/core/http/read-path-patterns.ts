import type { OptionsReader } from "../options/options-reader.js";
import { isRefused } from "../refusal/refused.js";
import { coversEverything, type PathPattern, parsePathPattern } from "./path-pattern.js";

/**
 * Reads an option that holds one path pattern or a list of them; each text that is none is noted with the right
 * spelling.
 *
 * @param everything - For exemptions: what to write in place of a pattern that covers every route, which is refused.
 * Without it the patterns restrict, and one that ends in a slash is refused, which would mean nothing there.
 * @returns `undefined` when the option is left out.
 */
export function readPathPatterns<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
  everything?: string,
): readonly PathPattern[] | undefined {
  const patterns: PathPattern[] = [];
  const texts = reader.strings(key, {
    instead: 'write a pattern, such as "GET /health" or "/docs/*"',
    check(text) {
      const pattern = parsePathPattern(text);
      if (isRefused(pattern)) return pattern.refused;
      if (everything !== undefined && coversEverything(pattern)) {
        return `must not cover every route, as "${text}" does: ${everything}`;
      }
      if (everything === undefined && pattern.slash) {
        return `must not end with "/": write "${text.slice(0, -1)}"`;
      }
      patterns.push(pattern);
      return undefined;
    },
  });
  return texts === undefined ? undefined : patterns;
}
