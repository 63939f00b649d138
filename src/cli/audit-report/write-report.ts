import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { GENERATOR } from "../../audit-log/report/audit-report.js";
import { CommandError, lineOf } from "../terminal/command-error.js";

/** How a report begins. No line of a log does. */
const BEGINNINGS = [
  `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="${GENERATOR}">`,
  `{\n  "generator": "${GENERATOR}"`,
];
const LONGEST = Math.max(...BEGINNINGS.map((text) => text.length));

/**
 * Makes sure that a report may be written there: it replaces an older report or an empty file, and nothing else. Behind
 * `--out`, a pattern of the shell puts a log.
 *
 * @throws CommandError when something else is there.
 */
export function checkOut(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || (found.isFile() && found.size === 0)) return;
  if (!found.isFile()) {
    throw new CommandError(`${file} is not a regular file: leave --out away to write to a pipe`);
  }
  if (!BEGINNINGS.some((text) => beginningOf(file).startsWith(text))) {
    throw new CommandError(`${file} exists and is no report: name another file, or remove it`);
  }
}

/**
 * Writes the report for its owner alone (mode 0600), because it names people and addresses. Whoever opens the file sees
 * the old report or the new one, and never a part.
 *
 * @throws CommandError when it cannot be written.
 */
export function writeReport(file: string, text: string): void {
  checkOut(file);
  try {
    replace(targetOf(file), text);
  } catch (error) {
    throw new CommandError(`${file} could not be written: ${lineOf(error)}`);
  }
}

function replace(target: string, text: string): void {
  const name = `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`;
  const temporary = join(dirname(target), name);
  const descriptor = openSync(temporary, "wx", 0o600);
  try {
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Where a link leads: the link stays. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function beginningOf(file: string): string {
  try {
    const descriptor = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(LONGEST);
      return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, LONGEST, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new CommandError(`${file} could not be read: ${lineOf(error)}`);
  }
}
