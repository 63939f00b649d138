import { describe, expect, it } from "vitest";
import { chooseExpired, type RetentionRules } from "./choose-expired.js";
import type { ClosedSegment } from "./list-segments.js";

const NOW = Date.parse("2026-11-26T12:00:00.000Z");
const DAY = 86_400_000;

/** Five segments of 100 bytes, closed 5, 4, 3, 2 and 1 days ago. */
const segments: readonly ClosedSegment[] = [5, 4, 3, 2, 1].map((days) => ({
  name: `${days}`,
  closedAt: NOW - days * DAY,
  plain: days < 3 ? { path: `${days}`, size: 100, inode: days, writtenAt: 0 } : undefined,
  gzip: days < 3 ? undefined : { path: `${days}.gz`, size: 100, inode: days, writtenAt: 0 },
  temporary: [],
}));

describe("retention", () => {
  it.each<[string, RetentionRules, string[]]>([
    ["no rule", {}, []],
    ["room for all of them", { files: 5, age: 6 * DAY, size: 600 }, []],
    ["a number of files", { files: 2 }, ["5", "4", "3"]],
    ["an age", { age: 3 * DAY }, ["5", "4"]],
    ["a size, the open file of 100 bytes included", { size: 350 }, ["5", "4", "3"]],
    ["a size that the open file alone has", { size: 100 }, ["5", "4", "3", "2", "1"]],
    ["the strictest of several rules", { files: 4, age: 2 * DAY, size: 600 }, ["5", "4", "3"]],
  ])("with %s gives up the oldest segments, and no newer one than those that stay", (...row) => {
    const [, rules, names] = row;
    expect(chooseExpired(segments, rules, NOW, 100).map(({ name }) => name)).toEqual(names);
  });

  it("takes the last record of a segment for its age when its name is one of the future", () => {
    const [segment] = segments;
    const plain = { path: "5", size: 100, inode: 5, writtenAt: NOW - DAY };
    const named = { ...(segment as ClosedSegment), closedAt: NOW + 400 * DAY };
    const future = [{ ...named, plain, gzip: undefined }];
    expect(chooseExpired(future, { age: 2 * DAY }, NOW, 0)).toEqual([]);
    expect(chooseExpired(future, { age: DAY / 2 }, NOW, 0)).toEqual(future);
    expect(chooseExpired(future, { size: 50 }, NOW, 0)).toEqual(future);
  });
});
