import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogReport } from "../../src/audit-log/verify/log-report.js";
import { Anchors, parseAnchor } from "../../src/audit-log/verify/seals/anchors.js";
import {
  type VerifySettings,
  verifyLogFiles,
} from "../../src/audit-log/verify/verify-log-files.js";

/** How a log of a test is verified; `anchors` are lines of a file with anchors. */
export interface TestSettings extends Partial<Omit<VerifySettings, "anchors">> {
  readonly anchors?: readonly string[];
}

/** Verifies logs, each of which is the content of a file: `0.jsonl`, `1.jsonl` and so on. */
export async function verifyLogs(
  contents: readonly (string | Buffer)[],
  { anchors: named = [], ...settings }: TestSettings = {},
): Promise<LogReport> {
  const folder = mkdtempSync(join(tmpdir(), "verify-log-"));
  const anchors = new Anchors();
  for (const line of named) {
    const anchor = parseAnchor(line);
    if (anchor !== undefined) anchors.add(anchor);
  }
  try {
    const files = contents.map((content, index) => {
      const file = join(folder, `${index}.jsonl`);
      writeFileSync(file, content);
      return file;
    });
    return await verifyLogFiles(files, {
      keys: [],
      maxFindings: 1000,
      maxAge: undefined,
      now: 1_700_000_000_000,
      ...settings,
      anchors,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The findings, each as its kind and the numbers of the records: `missing_records 3-5`. */
export function kindsOf({ findings }: LogReport): readonly string[] {
  return findings.map(({ kind, first, last }) =>
    first === undefined ? kind : `${kind} ${first === last ? first : `${first}-${last}`}`,
  );
}
