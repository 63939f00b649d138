import { type ParseArgsConfig, parseArgs } from "node:util";
import { closest } from "../../core/options/spelling.js";
import { CommandError } from "./command-error.js";

type OptionTypes = NonNullable<ParseArgsConfig["options"]>;
type Parsed<Options extends OptionTypes> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true; strict: true }>
>;

/** Every command that there is. */
export const COMMANDS = ["routes", "scan", "verify-log", "audit-report"];

/**
 * Reads options and names from the command line.
 *
 * @throws CommandError with the first thing that is wrong, and with the option that was meant.
 */
export function parseOptions<Options extends OptionTypes>(
  args: readonly string[],
  options: Options,
): Parsed<Options> {
  // By hand first: the parser of Node.js does not guess what was meant.
  for (const written of namesIn(args)) {
    if (Object.hasOwn(options, written)) continue;
    const names = Object.keys(options).map((name) => `--${name}`);
    const hint = didYouMean(`--${written}`, names) || ": --help lists all options";
    throw new CommandError(`there is no option "--${written}"${hint}`);
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const [line = ""] = error instanceof Error ? error.message.split("\n") : [];
    throw new CommandError(line);
  }
}

/** One of several words. @throws CommandError that names the one that was meant, or all. */
export function readWord<Word extends string>(
  option: string,
  written: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === written);
  if (found !== undefined) return found;
  const hint = didYouMean(written, words) || `: known ones are ${words.join(", ")}`;
  throw new CommandError(`${option} has no "${written}"${hint}`);
}

/** What stands behind a message when a known word is close to the one that was written. */
export function didYouMean(written: string, known: readonly string[]): string {
  const meant = closest(written, known);
  return meant === undefined ? "" : `: did you mean "${meant}"?`;
}

/** The long options, without their values. Behind `--` there are none. */
function namesIn(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return args
    .slice(0, end === -1 ? args.length : end)
    .filter((text) => text.startsWith("--"))
    .map((text) => text.slice(2).replace(/=.*$/s, ""));
}
