import { coversEverything, type PathPattern } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { authenticates } from "./authentication.js";

type Names = "publicRoutes" | "dangerouslyPublicRoutes";

/** Reads the routes that need no token; what would open more or less than its name says is noted with the reader. */
export function readPublicRoutes(
  reader: OptionsReader<Names | "oauthGuard" | "authenticate">,
): readonly PathPattern[] {
  const narrow = readPathPatterns(
    reader,
    "publicRoutes",
    "write it under dangerouslyPublicRoutes, or oauthGuard: false for an app without tokens",
  );
  const wide = readPathPatterns(reader, "dangerouslyPublicRoutes") ?? [];
  for (const pattern of wide) {
    if (coversEverything(pattern)) continue;
    const sentence =
      "must hold only patterns that cover every route: narrower ones belong to publicRoutes";
    reader.note("dangerouslyPublicRoutes", sentence);
  }
  if (reader.raw("oauthGuard") === false && !authenticates(reader)) {
    for (const name of ["publicRoutes", "dangerouslyPublicRoutes"] as const) {
      if (reader.raw(name) === undefined) continue;
      reader.note(name, "must be left out with oauthGuard: false, where every route is public");
    }
  }
  return [...(narrow ?? []), ...wide];
}
