import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { closest } from "../core/options/spelling.js";
import { FORMATS, type FormatName } from "../route-audit/format-routes.js";
import { CommandError } from "./command-error.js";

/** What the command was told to do. */
export interface Arguments {
  /** Path of the app's module, as written. */
  readonly module: string;
  readonly exportName: string | undefined;
  readonly baseline: string | undefined;
  readonly updateBaseline: boolean;
  readonly format: FormatName;
  readonly out: string | undefined;
  readonly openapi: string | undefined;
  readonly probe: boolean;
}

export const USAGE = `Usage: express-secure-api routes <module> [options]

Lists every route of an Express app with the guards that cover it. The module exports the app, or a
function that returns it, as its default export, as "app" or as module.exports.

Options:
  --export <name>     the export that is the app, or makes it
  --format <name>     ${Object.keys(FORMATS).join(", ")} (default: table)
  --out <file>        write there, and not to the standard output
  --baseline <file>   routes that are named there may be open; the file can only become shorter
  --update-baseline   write it when there is none, else take out what is not open any more
  --openapi <file>    compare with the app's own OpenAPI document (JSON)
  --probe             send each route a request without credentials, to handlers that do nothing
  --help              this text

Exit codes: 0 every route is guarded, 1 some are not, 2 nothing could be found out.
`;

const OPTIONS = {
  export: { type: "string" },
  format: { type: "string" },
  out: { type: "string" },
  baseline: { type: "string" },
  "update-baseline": { type: "boolean" },
  openapi: { type: "string" },
  probe: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;
const COMMANDS = ["routes"];

/**
 * Reads the command line; `undefined` when it only asks for help.
 *
 * @throws CommandError with the first thing that is wrong.
 */
export function readArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  const [command, module, extra] = positionals;
  if (command === undefined)
    throw new CommandError("say what to do: express-secure-api routes ./app.js");
  if (!COMMANDS.includes(command)) {
    throw new CommandError(`there is no command "${command}"${didYouMean(command, COMMANDS)}`);
  }
  if (module === undefined) {
    throw new CommandError("name the module of the app: express-secure-api routes ./app.js");
  }
  if (extra !== undefined) throw new CommandError(`name one module, got "${extra}" as well`);
  const format = values.format ?? "table";
  if (!isFormat(format)) {
    const names = Object.keys(FORMATS);
    const hint = didYouMean(format, names) || `: known ones are ${names.join(", ")}`;
    throw new CommandError(`--format has no "${format}"${hint}`);
  }
  if (values["update-baseline"] === true && values.baseline === undefined) {
    throw new CommandError("--update-baseline needs --baseline <file>, the file to write");
  }
  for (const name of ["export", "out", "baseline", "openapi"] as const) {
    if (values[name] === "") throw new CommandError(`--${name} is empty: is a variable missing?`);
  }
  if (values.out !== undefined) {
    const { baseline, openapi } = values;
    for (const read of [module, baseline, openapi]) {
      if (read === undefined || resolve(read) !== resolve(values.out)) continue;
      throw new CommandError(`--out would overwrite ${read}: name another file`);
    }
  }
  return {
    module,
    exportName: values.export,
    baseline: values.baseline,
    updateBaseline: values["update-baseline"] === true,
    format,
    out: values.out,
    openapi: values.openapi,
    probe: values.probe === true,
  };
}

function parse(args: readonly string[]) {
  // By hand first: the parser of Node.js does not guess what was meant.
  for (const written of namesIn(args)) {
    if (Object.hasOwn(OPTIONS, written)) continue;
    const names = Object.keys(OPTIONS).map((name) => `--${name}`);
    const hint = didYouMean(`--${written}`, names) || ": --help lists all options";
    throw new CommandError(`there is no option "--${written}"${hint}`);
  }
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    const [line = ""] = error instanceof Error ? error.message.split("\n") : [];
    throw new CommandError(line);
  }
}

/** The long options, without their values. Behind `--` there are none. */
function namesIn(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return args
    .slice(0, end === -1 ? args.length : end)
    .filter((text) => text.startsWith("--"))
    .map((text) => text.slice(2).replace(/=.*$/s, ""));
}

function didYouMean(written: string, known: readonly string[]): string {
  const meant = closest(written, known);
  return meant === undefined ? "" : `: did you mean "${meant}"?`;
}

function isFormat(name: string): name is FormatName {
  return Object.hasOwn(FORMATS, name);
}
