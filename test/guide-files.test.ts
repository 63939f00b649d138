import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./support/package-manifest.js";

/** A block that says which file it shows. */
const SHOWN = /^<!-- file: (\S+) -->\n\n```\w+\n([\s\S]*?)^```$/gm;

const guides = join(root, "docs", "guides");
const blocks = readdirSync(guides).flatMap((page) =>
  [...readFileSync(join(guides, page), "utf8").matchAll(SHOWN)].map(
    ([, path = "", code]) => [page, path, code] as const,
  ),
);

describe("the guides", () => {
  it("show files that tests run", () => {
    expect(blocks.length).toBeGreaterThan(5);
    const others = blocks.filter(([, path]) => !path.startsWith("test/consumers/"));
    expect(others).toEqual([]);
  });

  it.each(blocks)("%s shows %s as it is", (_page, path, code) => {
    expect(code).toBe(readFileSync(join(root, path), "utf8"));
  });
});
