import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { auditRoutes } from "../route-audit/audit-routes.js";
import type { RouteFinding } from "../route-audit/findings/finding.js";
import { findingsOf, inOrder } from "../route-audit/findings/findings-of.js";
import { findingsOfProbe } from "../route-audit/findings/probe-findings.js";
import { FORMATS } from "../route-audit/format-routes.js";
import { summaryOf } from "../route-audit/formats/format-options.js";
import { checkOpenApi } from "../route-audit/openapi/openapi-check.js";
import { probeRoutes } from "../route-audit/probe-routes.js";
import { appTitle } from "./app-title.js";
import { applyBaseline } from "./baseline.js";
import { type CommandEnd, watchEnd, writeAll } from "./command-end.js";
import { CommandError, lineOf } from "./command-error.js";
import { loadApp } from "./load-app.js";
import { type Arguments, readArguments, USAGE } from "./read-arguments.js";
import { readDocument } from "./read-document.js";

/** Runs the command, and ends the process: 0 all is guarded, 1 something is open, 2 there is no answer. */
export function run(args: readonly string[]): void {
  let read: Arguments | undefined;
  try {
    read = readArguments(args);
  } catch (error) {
    writeAll(2, `express-secure-api: ${lineOfMistake(error)}\n`);
    process.exitCode = 2;
    return;
  }
  if (read === undefined) writeAll(1, USAGE);
  else void audit(read);
}

async function audit(given: Arguments): Promise<void> {
  const end = watchEnd(given.module);
  try {
    end.finish(await answer(given, end));
  } catch (error) {
    end.fail(lineOfMistake(error));
  }
}

/** Writes the answer, and returns how the process ends. */
async function answer(given: Arguments, end: CommandEnd): Promise<0 | 1> {
  const { module, format, out, openapi } = given;
  const document = openapi === undefined ? undefined : readDocument(openapi);

  const app = await loadApp(module, given.exportName);
  await end.loaded();
  const report = auditRoutes(app);
  if (report.routes.length === 0) {
    throw new CommandError(`the app of ${module} has no routes: are they added later?`);
  }
  const found = inOrder([
    ...findingsOf(report),
    ...(document === undefined ? [] : checkOpenApi(report, document)),
    ...(given.probe ? findingsOfProbe(report, await probeRoutes(app)) : []),
  ]);
  const findings =
    given.baseline === undefined
      ? found
      : inOrder(applyBaseline(given.baseline, given.updateBaseline, report, found));
  const text = FORMATS[format](report, {
    ...appTitle(module),
    findings,
    file: relative(process.cwd(), module) || module,
    color: out === undefined && process.stdout.isTTY && process.stdout.hasColors(),
  });
  if (out === undefined) writeAll(1, text);
  else {
    writeOut(out, text);
    end.note(`${summaryOf(report)}; written to ${out}`);
  }
  return findings.some(fails) ? 1 : 0;
}

function fails({ level, accepted }: RouteFinding): boolean {
  return level === "error" && accepted !== true;
}

function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CommandError(`${file} could not be written: ${lineOf(error)}`);
  }
}

function lineOfMistake(error: unknown): string {
  return error instanceof CommandError ? error.message : lineOf(error);
}
