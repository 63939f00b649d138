import express5 from "express";
import express4 from "express4";

/** Both majors, for `describe.each(expressVersions)("oauthGuard on Express %s", (_major, express) => …)`. */
export const expressVersions: readonly (readonly [major: string, express: typeof express5])[] = [
  ["4", express4 as unknown as typeof express5],
  ["5", express5],
];
