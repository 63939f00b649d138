import { spawnSync } from "node:child_process";
import { join } from "node:path";

export interface Changes {
  /** Lines that were added, removed or changed. Blank lines do not count, a line that was changed counts once. */
  readonly lines: number;
  readonly longest: number;
}

/** How `hardened.js` of an app differs from its `app.js`. */
export function changesOf(name: string): Changes {
  const folder = join(__dirname, "..", name);
  const { stdout } = spawnSync(
    "git",
    ["diff", "--no-index", "--unified=0", "app.js", "hardened.js"],
    { cwd: folder, encoding: "utf8" },
  );
  const hunks = stdout.split(/^@@.*$/m).slice(1);
  const added = (hunk: string) => hunk.match(/^\+.*\S.*$/gm) ?? [];
  const removed = (hunk: string) => hunk.match(/^-.*\S.*$/gm) ?? [];
  return {
    lines: hunks.reduce((sum, hunk) => sum + Math.max(added(hunk).length, removed(hunk).length), 0),
    longest: Math.max(...hunks.flatMap(added).map((line) => line.length - 1)),
  };
}
