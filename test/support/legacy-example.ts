import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const FOLDER = join(ROOT, "examples/harden-legacy-express4");

/** `before` is `app.js`; the other two are `hardened.js`. */
export type Stage = "before" | "report" | "enforce";

export interface RunningExample {
  readonly url: string;
  /** What the audit log has by now. */
  readonly records: () => readonly Record<string, unknown>[];
  readonly close: () => Promise<void>;
}

/** Starts a fresh copy of `examples/harden-legacy-express4`, with a database of its own, on Express 4. */
export async function startExample(stage: Stage): Promise<RunningExample> {
  const folder = mkdtempSync(join(tmpdir(), "legacy-"));
  cpSync(FOLDER, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  mkdirSync(join(folder, "node_modules"));
  link("express", join(ROOT, "node_modules/express4"));
  link("express-session", join(ROOT, "node_modules/express-session"));
  link("express-secure-api", ROOT);

  function link(name: string, target: string): void {
    symlinkSync(target, join(folder, "node_modules", name));
  }

  const audit = join(folder, "audit.jsonl");
  process.env["AUDIT_FILE"] = audit;
  process.env["SECURITY_MODE"] = stage;
  const main = stage === "before" ? "./app.js" : "./hardened.js";
  const app = createRequire(join(folder, "app.js"))(main) as RequestListener;
  const server = createServer(app);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records: () =>
      (existsSync(audit) ? readFileSync(audit, "utf8") : "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    close: async () => {
      await new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface ChangedLines {
  /** All lines that were added and all that were removed: one that was changed counts twice. Blank lines do not count. */
  readonly count: number;
  readonly longest: number;
}

/** How `hardened.js` differs from `app.js`. */
export function changedLines(): ChangedLines {
  const { stdout } = spawnSync(
    "git",
    ["diff", "--no-index", "--no-color", "--unified=0", "app.js", "hardened.js"],
    { cwd: FOLDER, encoding: "utf8" },
  );
  const hunks = stdout.slice(stdout.indexOf("\n@@"));
  const lines = hunks
    .split("\n")
    .filter((line) => /^[+-].*\S/.test(line) && !/^[+-]{3} /.test(line));
  return { count: lines.length, longest: Math.max(...lines.map((line) => line.length - 1)) };
}
