import type { RequestHandler } from "express";
import { type Options, rateLimit as rateLimit8 } from "express-rate-limit";
import { rateLimit as rateLimit7 } from "express-rate-limit-7";
import { expressVersions } from "./express.js";
import { firstCellsOf, guideSections, guideText } from "./guide.js";

/** A major of express-rate-limit: as it is installed here, and its limiter. */
interface Old {
  readonly name: string;
  readonly rateLimit: (options?: Partial<Options>) => RequestHandler;
}

const OLD: readonly Old[] = [
  { name: "express-rate-limit-7", rateLimit: rateLimit7 as unknown as Old["rateLimit"] },
  { name: "express-rate-limit", rateLimit: rateLimit8 as unknown as Old["rateLimit"] },
];

/** Each major of Express with each of express-rate-limit, for `describe.each`. */
export const versions = expressVersions.flatMap(([major, express]) =>
  OLD.map((old) => [major, old.name, express, old] as const),
);

const GUIDE = "migrate-from-express-rate-limit.md";
const sections = guideSections(GUIDE);

/** The code of a section of the guide, or that in front of the first one. */
export function guideCode(heading?: string): readonly string[] {
  if (heading === undefined) {
    const text = guideText(GUIDE);
    const top = text.slice(0, text.indexOf("\n## "));
    return [...top.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  }
  const found = sections.find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`the guide has no section ${heading}`);
  return found.blocks("js");
}

/** The first column of the table of a section. */
export function firstCells(heading: string): readonly string[] {
  return firstCellsOf(sections, heading);
}
