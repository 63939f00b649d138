import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "../package-manifest.js";

/** What the command `verify-log` said, as JSON, and what it ended with. */
export interface CommandVerdict {
  readonly status: number | null;
  readonly integrity: string;
  readonly completeness: string;
  readonly records: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly {
    readonly kind: string;
    readonly stream?: string;
    readonly first?: number;
    readonly last?: number;
    readonly file?: string;
    readonly message: string;
  }[];
  readonly streams: readonly {
    readonly stream: string;
    readonly records: number;
    readonly last: number;
    readonly sealedTo: number;
    readonly closed: boolean;
  }[];
}

/** Has the command itself, in a process of its own, verify files. @param key - Path of the public key, if it is signed. */
export function verifyByCommand(files: readonly string[], key?: string): CommandVerdict {
  const keys = key === undefined ? [] : ["--key", key];
  const args = [join(root, "dist/cli/main.js"), "verify-log", ...files, ...keys];
  const run = spawnSync(process.execPath, [...args, "--format", "json"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.stderr !== "") throw new Error(run.stderr);
  return { status: run.status, ...JSON.parse(run.stdout) };
}
