import type { OptionsReader } from "../options/options-reader.js";
import { isRefused } from "../refusal/refused.js";
import { type PathPattern, parsePathPattern } from "./path-pattern.js";

/**
 * Reads an option that holds one path pattern or a list of them; each text that is none is noted with the right
 * spelling.
 *
 * @returns `undefined` when the option is left out.
 */
export function readPathPatterns(
  reader: OptionsReader,
  key: string,
): readonly PathPattern[] | undefined {
  return reader.strings(key)?.flatMap((text, index) => {
    const pattern = parsePathPattern(text);
    if (!isRefused(pattern)) return [pattern];
    reader.note(Array.isArray(reader.raw(key)) ? `${key}[${index}]` : key, pattern.refused);
    return [];
  });
}
