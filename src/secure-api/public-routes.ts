import type { OptionsReader } from "../core/options.js";
import { type PathPattern, parsePathPattern } from "../core/path-pattern.js";

/** Reads `publicRoutes`: every pattern that is none is a problem with the right spelling. */
export function readPublicRoutes(reader: OptionsReader): readonly PathPattern[] {
  const patterns: PathPattern[] = [];
  reader.strings("publicRoutes")?.forEach((text, index) => {
    const pattern = parsePathPattern(text);
    if (typeof pattern === "string") reader.note(`publicRoutes[${index}]`, pattern);
    else patterns.push(pattern);
  });
  return patterns;
}
