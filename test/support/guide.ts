import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Express } from "express";
import jsonwebtoken from "jsonwebtoken";
import * as authorization from "../../src/authorization/index.js";
import * as claims from "../../src/claims/index.js";
import * as errors from "../../src/errors/index.js";
import * as jsonBody from "../../src/json-body/index.js";
import * as oauthGuard from "../../src/oauth-guard/index.js";
import * as principal from "../../src/principal/index.js";
import { root } from "./package-manifest.js";
import { type Table, tablesOf } from "./reference-pages.js";

/** What stands under one heading of a guide, up to the next heading. */
export interface GuideSection {
  readonly heading: string;
  readonly text: string;
  readonly tables: readonly Table[];
  /** The code blocks in this language, in order. */
  blocks(language: string): readonly string[];
}

const HEADING = /^#{2,3} (.+)$/gm;
const FENCE = /^```(\w+)\n([\s\S]*?)^```$/gm;
const IMPORT = /^import (\{[^}]+\}) from "(express-secure-api\/[a-z-]+)";$/gm;
const REQUIRE = /^const (\{[^}]+\}|\w+) = require\("([a-z/-]+)"\);$/gm;
/** What an example may import, from the sources. */
const DOORS: Readonly<Record<string, object>> = {
  "express-secure-api/authorization": authorization,
  "express-secure-api/claims": claims,
  "express-secure-api/errors": errors,
  "express-secure-api/json-body": jsonBody,
  "express-secure-api/oauth-guard": oauthGuard,
  "express-secure-api/principal": principal,
  jsonwebtoken,
};

/** The text of a page of docs/guides. */
export function guideText(name: string): string {
  return readFileSync(join(root, "docs", "guides", name), "utf8");
}

/** The sections of a page of docs/guides. */
export function guideSections(name: string): readonly GuideSection[] {
  const text = guideText(name);
  const starts = [...text.matchAll(HEADING)];
  return starts.map(({ 1: heading = "", index }, at) => {
    const own = text.slice(index, starts[at + 1]?.index);
    return {
      heading,
      text: own,
      tables: tablesOf(own.replaceAll(FENCE, "")),
      blocks: (language) =>
        [...own.matchAll(FENCE)].flatMap(([, name, code = ""]) => (name === language ? code : [])),
    };
  });
}

/** The first column of a table under a heading. */
export function firstCellsOf(
  sections: readonly GuideSection[],
  heading: string,
  at = 0,
): readonly string[] {
  const table = sections.find((section) => section.heading === heading)?.tables[at];
  return (table?.rows ?? []).map((row) => row[table?.head[0] ?? ""] ?? "");
}

/**
 * Runs an example, as it stands in a page, on the app. It must be valid JavaScript: no annotations of types.
 *
 * @param given - What the example takes for granted, by its name.
 */
export function runExample(
  code: string,
  app: Express,
  given: Readonly<Record<string, unknown>> = {},
): void {
  const script = code
    .replaceAll(IMPORT, 'const $1 = door("$2");')
    .replaceAll(REQUIRE, 'const $1 = door("$2");');
  const door = (name: string): object => {
    const found = DOORS[name];
    if (found === undefined) throw new Error(`the test of the examples has no ${name}`);
    return found;
  };
  const names = Object.keys(given);
  const run = new Function("app", "door", ...names, `"use strict";\n${script}`);
  run(app, door, ...names.map((name) => given[name]));
}
