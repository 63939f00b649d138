import type { OptionsReader } from "../options/options-reader.js";
import { isRefused } from "../refusal/refused.js";
import { type PathPattern, parsePathPattern } from "./path-pattern.js";

/**
 * Reads an option that holds one path pattern or a list of them; each text that is none is noted with the right
 * spelling.
 *
 * @returns `undefined` when the option is left out.
 */
export function readPathPatterns<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
): readonly PathPattern[] | undefined {
  const patterns: PathPattern[] = [];
  const texts = reader.strings(key, {
    check(text) {
      const pattern = parsePathPattern(text);
      if (isRefused(pattern)) return pattern.refused;
      patterns.push(pattern);
      return undefined;
    },
  });
  return texts === undefined ? undefined : patterns;
}
