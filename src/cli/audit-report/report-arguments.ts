import { statSync } from "node:fs";
import { DURATION } from "../../core/options/quantity.js";
import { CommandError } from "../terminal/command-error.js";
import { parseOptions, readWord } from "../terminal/parse-options.js";
import { parseInstant } from "./parse-instant.js";

const FORMAT_NAMES = ["html", "json"] as const;
const DEFAULT_TITLE = "Audit log report";
const DEFAULT_TOP = 15;
const MAX_TOP = 1000;
const MAX_TITLE = 200;

/** What the command was told to do. */
export interface ReportArguments {
  /** As written; `-` is the standard input. */
  readonly files: readonly string[];
  readonly format: (typeof FORMAT_NAMES)[number];
  readonly out: string | undefined;
  readonly title: string;
  readonly top: number;
  /** In milliseconds since the epoch. */
  readonly from: number | undefined;
  /** In milliseconds since the epoch; records of this time are not counted. */
  readonly to: number | undefined;
  /** Files with public keys. */
  readonly keys: readonly string[];
  readonly anchors: readonly string[];
  /** How old the last checkpoint of a log may be that is not closed, in milliseconds. */
  readonly maxAge: number | undefined;
}

export const REPORT_USAGE = `Usage: express-secure-api audit-report <file>... [options]

Makes one page from the files that auditLog wrote: what happened, who it was, and whether the log is whole.
Files may be compressed with gzip; - is the standard input.

Options:
  --out <file>      write there, and not to the standard output; a page is not printed on a terminal
  --format <name>   ${FORMAT_NAMES.join(", ")} (default: html)
  --from <time>     only records from then on, as 2026-11-26T10:00Z; without a zone it is UTC
  --to <time>       only records from before then
  --top <number>    rows of each list, from 1 to ${MAX_TOP} (default: ${DEFAULT_TOP})
  --title <text>    title of the page (default: ${DEFAULT_TITLE})
  --key <file>      Ed25519 public key that must have certified the log; may stand several times
  --anchor <file>   checkpoints that were kept elsewhere, one JSON object on each line; likewise
  --max-age <time>  accept a log that is not closed when its last checkpoint is at most so old, as 5m
  --help            this text

Exit codes: 0 the report is written, 1 it is written and says that the log was tampered with, 2 there is no report.
`;

const OPTIONS = {
  out: { type: "string" },
  format: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  top: { type: "string" },
  title: { type: "string" },
  key: { type: "string", multiple: true },
  anchor: { type: "string", multiple: true },
  "max-age": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line, without the name of the command; `undefined` when it only asks for help.
 *
 * @throws CommandError with the first thing that is wrong.
 */
export function readReportArguments(args: readonly string[]): ReportArguments | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help === true) return undefined;
  for (const [name, value] of Object.entries(values)) {
    if ([value].flat().includes("")) {
      throw new CommandError(`--${name} is empty: is a variable missing?`);
    }
  }
  const from = readInstant("--from", values.from);
  const to = readInstant("--to", values.to);
  if (from !== undefined && to !== undefined && from >= to) {
    throw new CommandError("--from must be before --to");
  }
  return {
    files: readFiles(positionals),
    format: readWord("--format", values.format ?? "html", FORMAT_NAMES),
    out: readOut(values.out),
    title: readTitle(values.title ?? DEFAULT_TITLE),
    top: readTop(values.top),
    from,
    to,
    keys: values.key ?? [],
    anchors: values.anchor ?? [],
    maxAge: readMaxAge(values["max-age"]),
  };
}

/** Each once: a log would seem to hold each record twice. */
function readFiles(files: readonly string[]): readonly string[] {
  if (files.length === 0) {
    throw new CommandError("name the log files: express-secure-api audit-report audit*.jsonl*");
  }
  if (files.includes("")) throw new CommandError("a file has no name: is a variable missing?");
  const known = new Map<string, string>();
  for (const file of files) {
    const identity = identityOf(file);
    const other = known.get(identity);
    if (other !== undefined) {
      const twice = other === file ? `${file} is named twice` : `${other} and ${file} are one file`;
      throw new CommandError(`${twice}: name it once`);
    }
    known.set(identity, file);
  }
  return files;
}

/** Of a file that does not exist, its name: reading it says more. */
function identityOf(file: string): string {
  if (file === "-") return file;
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return `name ${file}`;
  }
}

function readOut(written: string | undefined): string | undefined {
  if (written !== "-") return written;
  throw new CommandError("--out names a file: leave it away to write to the standard output");
}

function readInstant(option: string, written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const time = parseInstant(written);
  if (time !== undefined) return time;
  throw new CommandError(
    `${option} must be a time, as 2026-11-26T10:00Z or 2026-11-26, got "${written}"`,
  );
}

function readTop(written: string | undefined): number {
  if (written === undefined) return DEFAULT_TOP;
  const top = /^\d{1,4}$/.test(written) ? Number(written) : 0;
  if (top < 1 || top > MAX_TOP) throw new CommandError(`--top must be from 1 to ${MAX_TOP}`);
  return top;
}

function readMaxAge(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const milliseconds = DURATION.parse(written);
  if (milliseconds === undefined) throw new CommandError("--max-age must be a duration, as 5m");
  return milliseconds;
}

function readTitle(title: string): string {
  if (title.length <= MAX_TITLE) return title;
  throw new CommandError(`--title may have ${MAX_TITLE} characters, got ${title.length}`);
}
