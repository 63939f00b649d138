import { resolve } from "node:path";
import { FORMATS, type FormatName } from "../../route-audit/format-routes.js";
import { CommandError } from "../terminal/command-error.js";
import { COMMANDS, didYouMean, parseOptions, readWord } from "../terminal/parse-options.js";

const FORMAT_NAMES = Object.keys(FORMATS) as readonly FormatName[];

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
  --format <name>     ${FORMAT_NAMES.join(", ")} (default: table)
  --out <file>        write there, and not to the standard output
  --baseline <file>   routes that are named there may be open; the file can only become shorter
  --update-baseline   write it when there is none, else take out what is not open any more
  --openapi <file>    compare with the app's own OpenAPI document (JSON)
  --probe             send each route a request without credentials, to handlers that do nothing
  --help              this text

To look at a running API: express-secure-api scan --help
To verify an audit log:   express-secure-api verify-log --help
To sum up an audit log:   express-secure-api audit-report --help

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

/**
 * Reads the command line; `undefined` when it only asks for help.
 *
 * @throws CommandError with the first thing that is wrong.
 */
export function readArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help === true) return undefined;
  const [command, module, extra] = positionals;
  if (command === undefined)
    throw new CommandError("say what to do: express-secure-api routes ./app.js");
  if (command !== "routes") {
    if (COMMANDS.includes(command)) {
      throw new CommandError(`write the command first: express-secure-api ${command}`);
    }
    throw new CommandError(`there is no command "${command}"${didYouMean(command, COMMANDS)}`);
  }
  if (module === undefined) {
    throw new CommandError("name the module of the app: express-secure-api routes ./app.js");
  }
  if (extra !== undefined) throw new CommandError(`name one module, got "${extra}" as well`);
  const format = readWord("--format", values.format ?? "table", FORMAT_NAMES);
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
