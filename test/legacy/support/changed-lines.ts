import { spawnSync } from "node:child_process";
import { join } from "node:path";

export interface Changes {
  /** Lines that were added, and lines that were removed; a line that was changed is one of each. Blank lines do not count. */
  readonly added: number;
  readonly removed: number;
  /** The same, but a line that was changed counts once. */
  readonly lines: number;
  readonly longest: number;
  /** The added and removed lines as `git diff` shows them, one blank line between places. */
  readonly text: string;
}

/** How a stage of an app (`report.js`, `enforce.js`) differs from its `app.js`. */
export function changesOf(name: string, stage: "report" | "enforce"): Changes {
  const folder = join(__dirname, "..", name);
  const { stdout } = spawnSync(
    "git",
    ["diff", "--no-index", "--no-color", "--unified=0", "app.js", `${stage}.js`],
    { cwd: folder, encoding: "utf8" },
  );
  const hunks = stdout.split(/^@@.*\n/m).slice(1);
  const added = (hunk: string) => hunk.match(/^\+.*\S.*$/gm) ?? [];
  const removed = (hunk: string) => hunk.match(/^-.*\S.*$/gm) ?? [];
  const sum = (count: (hunk: string) => number) => hunks.map(count).reduce((a, b) => a + b, 0);
  return {
    added: sum((hunk) => added(hunk).length),
    removed: sum((hunk) => removed(hunk).length),
    lines: sum((hunk) => Math.max(added(hunk).length, removed(hunk).length)),
    longest: Math.max(...hunks.flatMap(added).map((line) => line.length - 1)),
    text: hunks.map((hunk) => [...removed(hunk), ...added(hunk)].join("\n")).join("\n\n"),
  };
}
