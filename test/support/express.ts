import express5 from "express";
import express4 from "express4";
import express51 from "express5-1";

/** Both majors, for `describe.each(expressVersions)("oauthGuard on Express %s", (_major, express) => …)`. */
export const expressVersions: readonly (readonly [major: string, express: typeof express5])[] = [
  ["4", express4 as unknown as typeof express5],
  ["5", express5],
];

/** Those that keep the paths of routers in different ways: Express 5 before 5.3 hides them in closures. */
export const routerVersions: readonly (readonly [version: string, express: typeof express5])[] = [
  ...expressVersions,
  ["5.1", express51 as unknown as typeof express5],
];
