import { statSync } from "node:fs";
import { resolve } from "node:path";
import { DURATION } from "../../core/options/quantity.js";
import { CommandError } from "../terminal/command-error.js";
import { parseOptions, readWord } from "../terminal/parse-options.js";
import { MAX_REQUESTS } from "./client/probe-client.js";
import { readTarget, type ScanTarget } from "./client/scan-target.js";
import { FORMAT_NAMES, type ScanFormatName } from "./format-scan.js";
import { GRADES, type Grade } from "./report/scan-report.js";

/** What the command was told to scan. */
export interface ScanArguments {
  readonly target: ScanTarget;
  readonly format: ScanFormatName;
  readonly out: string | undefined;
  readonly failUnder: Grade;
  readonly headerFile: string | undefined;
  readonly paths: readonly string[];
  readonly origin: string | undefined;
  readonly httpPort: number | undefined;
  /** How long to wait for a server that starts, in milliseconds. */
  readonly waitMs: number;
}

/** Each costs some requests, and the scan has few. */
const MAX_PATHS = 5;
const MAX_WAIT = "10m";

export const SCAN_USAGE = `Usage: express-secure-api scan <url> [options]

Looks at a running API as a client sees it, and grades it: headers, CORS, errors, cookies, caching,
methods, TLS. It sends at most ${MAX_REQUESTS} requests, and none that a correct API acts on.

Options:
  --format <name>      ${FORMAT_NAMES.join(", ")} (default: table)
  --out <file>         write there, and not to the standard output
  --fail-under <grade> ${GRADES.join(", ")}: what is worse ends with 1 (default: B)
  --path <path>        look at this path as well; up to ${MAX_PATHS} times
  --origin <origin>    an origin whose pages may read the API; ones that look like it are tried
  --header-file <file> header fields with credentials, one on each line
  --allow-host <host>  scan this host, which is another machine; without it, only this one
  --http-port <port>   where the host of an https URL answers plain HTTP (default: 80 for port 443)
  --wait <duration>    wait so long for the server to start, as 30s
  --help               this text

Exit codes: 0 the grade is good enough, 1 it is worse, 2 nothing could be found out.
`;

const OPTIONS = {
  format: { type: "string" },
  out: { type: "string" },
  "fail-under": { type: "string" },
  path: { type: "string", multiple: true },
  origin: { type: "string" },
  "header-file": { type: "string" },
  "allow-host": { type: "string", multiple: true },
  "http-port": { type: "string" },
  wait: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line, without the name of the command; `undefined` when it only asks for help.
 *
 * @throws CommandError with the first thing that is wrong.
 */
export function readScanArguments(args: readonly string[]): ScanArguments | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help === true) return undefined;
  for (const [name, value] of Object.entries(values)) {
    if ([value].flat().includes("")) {
      throw new CommandError(`--${name} is empty: is a variable missing?`);
    }
  }
  const [url, extra] = positionals;
  if (url === undefined || url === "") {
    throw new CommandError(
      "name the URL of the API: express-secure-api scan http://localhost:3000",
    );
  }
  if (extra !== undefined) throw new CommandError(`name one URL, got "${extra}" as well`);
  const target = readTarget(url, values["allow-host"] ?? []);
  const httpPort = readPort(values["http-port"]);
  if (httpPort !== undefined && target.protocol === "http:") {
    throw new CommandError("--http-port is for an https URL");
  }
  const headerFile = values["header-file"];
  if (values.out !== undefined && headerFile !== undefined && isOne(values.out, headerFile)) {
    throw new CommandError(`--out would overwrite ${values.out}: name another file`);
  }
  return {
    target,
    format: readWord("--format", values.format ?? "table", FORMAT_NAMES),
    out: values.out,
    failUnder: readWord("--fail-under", values["fail-under"] ?? "B", GRADES),
    headerFile,
    paths: readPaths(values.path ?? []),
    origin: readOrigin(values.origin),
    httpPort,
    waitMs: readWait(values.wait),
  };
}

/** Also by a link, or in another case where letter case does not matter. */
function isOne(out: string, headerFile: string): boolean {
  const [one, other] = [out, headerFile].map((file) =>
    statSync(file, { throwIfNoEntry: false, bigint: true }),
  );
  if (one === undefined || other === undefined) return resolve(out) === resolve(headerFile);
  return one.dev === other.dev && one.ino === other.ino;
}

function readPaths(written: readonly string[]): readonly string[] {
  const wrong = written.find((path) => !/^\/(?!\/)[\x21-\x7e]*$/.test(path));
  if (wrong !== undefined) {
    throw new CommandError(`--path must begin with one slash and be encoded, got "${wrong}"`);
  }
  if (written.length > MAX_PATHS) {
    throw new CommandError(`--path may stand ${MAX_PATHS} times, got ${written.length}`);
  }
  return written.map((path) => path.replace(/#.*$/, ""));
}

function readOrigin(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`--origin must be an origin, as https://app.example.com`);
  }
  if (url.origin !== written) {
    throw new CommandError(`--origin must be an origin: did you mean "${url.origin}"?`);
  }
  return written;
}

function readPort(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const port = /^\d{1,5}$/.test(written) ? Number(written) : 0;
  if (port < 1 || port > 65_535) throw new CommandError("--http-port must be from 1 to 65535");
  return port;
}

function readWait(written: string | undefined): number {
  if (written === undefined) return 0;
  const milliseconds = DURATION.parse(written);
  const most = DURATION.parse(MAX_WAIT) ?? 0;
  if (milliseconds === undefined || milliseconds > most) {
    throw new CommandError(`--wait must be a duration of at most ${MAX_WAIT}, as 30s`);
  }
  return milliseconds;
}
