import { DURATION } from "../../core/options/quantity.js";
import { CommandError } from "../terminal/command-error.js";
import { parseOptions, readWord } from "../terminal/parse-options.js";
import { VERIFY_FORMAT_NAMES, type VerifyFormatName } from "./format-verdict.js";

/** What the command was told to verify. */
export interface VerifyArguments {
  /** Paths, or `-` for the standard input. */
  readonly files: readonly string[];
  readonly keys: readonly string[];
  readonly anchors: readonly string[];
  readonly format: VerifyFormatName;
  readonly maxFindings: number;
  /** In milliseconds. */
  readonly maxAge: number | undefined;
}

const DEFAULT_FINDINGS = 1000;
const MOST_FINDINGS = 100_000;

export const VERIFY_USAGE = `Usage: express-secure-api verify-log <files...|-> [options]

Verifies audit logs: whether a record was changed, and whether one is missing. Files may be named in
any order, and may be compressed with gzip; - is the standard input.

Options:
  --key <pub.pem>       Ed25519 public key that must have certified the log; may stand several times
  --anchor <file>       checkpoints that were kept elsewhere, one JSON object on each line; likewise
  --format <name>       ${VERIFY_FORMAT_NAMES.join(", ")} (default: table)
  --max-age <duration>  accept a log that is not closed when its last checkpoint is at most so old,
                        as 5m: for a service that runs
  --max-findings <n>    how many findings are listed (default: ${DEFAULT_FINDINGS}); all are counted
  --help                this text

Exit codes: 0 nothing was changed and nothing is missing, 1 something was changed, 2 something is
missing, 3 nothing could be found out.
`;

const OPTIONS = {
  key: { type: "string", multiple: true },
  anchor: { type: "string", multiple: true },
  format: { type: "string" },
  "max-age": { type: "string" },
  "max-findings": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line, without the name of the command; `undefined` when it only asks for help.
 *
 * @throws CommandError with the first thing that is wrong.
 */
export function readVerifyArguments(args: readonly string[]): VerifyArguments | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help === true) return undefined;
  for (const [name, value] of Object.entries(values)) {
    // Of an unset variable: without a key, nobody's signature would be checked.
    if ([value].flat().includes("")) {
      throw new CommandError(`--${name} is empty: is a variable missing?`);
    }
  }
  if (positionals.length === 0) {
    throw new CommandError(
      "name the files of the log: express-secure-api verify-log audit*.jsonl*",
    );
  }
  if (positionals.includes("")) {
    throw new CommandError("a name of a file is empty: is a variable missing?");
  }
  return {
    files: [...new Set(positionals)],
    keys: values.key ?? [],
    anchors: values.anchor ?? [],
    format: readWord("--format", values.format ?? "table", VERIFY_FORMAT_NAMES),
    maxFindings: readMaxFindings(values["max-findings"]),
    maxAge: readMaxAge(values["max-age"]),
  };
}

function readMaxFindings(written: string | undefined): number {
  if (written === undefined) return DEFAULT_FINDINGS;
  const most = /^\d{1,6}$/.test(written) ? Number(written) : 0;
  if (most < 1 || most > MOST_FINDINGS) {
    throw new CommandError("--max-findings must be from 1 to 100000");
  }
  return most;
}

function readMaxAge(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const milliseconds = DURATION.parse(written);
  if (milliseconds === undefined) throw new CommandError("--max-age must be a duration, as 5m");
  return milliseconds;
}
