import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
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

/** Where a report goes. */
interface OutFile {
  /** Without links in it. */
  readonly target: string;
  /** Whether there is a report, or an empty file, that it replaces. */
  readonly isThere: boolean;
}

/** How a report begins. No line of a log does. */
const BEGINNINGS = [
  `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="${GENERATOR}">`,
  `{\n  "generator": "${GENERATOR}"`,
];
const NO_LINKS: readonly string[] = ["ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EMLINK"];
const LONGEST = Math.max(...BEGINNINGS.map((text) => text.length));

/**
 * Makes sure that a report may be written there: it replaces an older report or an empty file, and nothing else. Behind
 * `--out`, a pattern of the shell puts a log.
 *
 * @returns The file itself, whatever links lead to it: who changes them later changes nothing.
 * @throws CommandError when something else is there, or the directory is not.
 */
export function checkOut(file: string): OutFile {
  const target = targetOf(file);
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined) {
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined)
      return { target, isThere: false };
    throw new CommandError(`${file} is a link that leads nowhere: name another file, or remove it`);
  }
  if (!found.isFile()) {
    throw new CommandError(`${file} is not a regular file: leave --out away to write to a pipe`);
  }
  if (found.size > 0 && !BEGINNINGS.some((text) => beginningOf(target).startsWith(text))) {
    throw new CommandError(`${file} exists and is no report: name another file, or remove it`);
  }
  return { target, isThere: true };
}

/**
 * Writes the report for its owner alone (mode 0600), because it names people and addresses. Whoever opens the file sees
 * the old report or the new one, and never a part.
 *
 * @throws CommandError when it cannot be written.
 */
export function writeReport(file: string, text: string): void {
  const out = checkOut(file);
  try {
    replace(out, text);
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    const why = code === "EEXIST" ? "somebody else has made it meanwhile" : lineOf(error);
    throw new CommandError(`${file} could not be written: ${why}`);
  }
}

function replace({ target, isThere }: OutFile, text: string): void {
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
    if (isThere) renameSync(temporary, target);
    else moveNew(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Replaces nothing: a file that somebody made since it was checked stays. */
function moveNew(temporary: string, target: string): void {
  try {
    linkSync(temporary, target);
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    // Some file systems have no links.
    if (typeof code !== "string" || !NO_LINKS.includes(code)) throw error;
    renameSync(temporary, target);
    return;
  }
  rmSync(temporary, { force: true });
}

/** Where a link leads: the link stays. Of a file that is not there, its place in the directory that is. */
function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return join(directoryOf(file), basename(file));
  }
}

function directoryOf(file: string): string {
  const directory = dirname(file);
  try {
    return realpathSync(directory);
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    const why = code === "ENOENT" ? "does not exist" : `cannot be used (${String(code)})`;
    throw new CommandError(`${file} could not be written: ${directory} ${why}`);
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
