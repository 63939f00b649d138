import { relative } from "node:path";
import type { Express } from "express";
import { auditRoutes } from "../../route-audit/audit-routes.js";
import type { RouteFinding } from "../../route-audit/findings/finding.js";
import { findingsOf, inOrder } from "../../route-audit/findings/findings-of.js";
import { findingsOfProbe } from "../../route-audit/findings/probe-findings.js";
import { FORMATS } from "../../route-audit/format-routes.js";
import { summaryOf } from "../../route-audit/formats/format-options.js";
import { checkOpenApi } from "../../route-audit/openapi/openapi-check.js";
import { probeRoutes } from "../../route-audit/probe-routes.js";
import type { ProbeReport } from "../../route-audit/report/probe-report.js";
import type { CommandChannel } from "../terminal/command-channel.js";
import { CommandError, lineOf } from "../terminal/command-error.js";
import { writeOut } from "../terminal/write-out.js";
import { appTitle } from "./app-title.js";
import { applyBaseline } from "./baseline.js";
import { type CommandEnd, watchEnd } from "./command-end.js";
import { loadApp } from "./load-app.js";
import type { Arguments } from "./read-arguments.js";
import { readDocument } from "./read-document.js";

/** How often a probe says that the event loop turns. */
const BEAT_MS = 1000;

/** Loads the app into this process, says what guards its routes, and ends the process. */
export async function auditApp(
  given: Arguments,
  color: boolean,
  channel: CommandChannel,
): Promise<void> {
  const end = watchEnd(given.module, channel);
  try {
    end.finish(await answer(given, color, channel, end));
  } catch (error) {
    end.fail(lineOf(error));
  }
}

/** Writes the answer, and returns how the process ends. */
async function answer(
  given: Arguments,
  color: boolean,
  channel: CommandChannel,
  end: CommandEnd,
): Promise<0 | 1> {
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
    ...(given.probe ? findingsOfProbe(report, await probe(app, channel)) : []),
  ]);
  const findings =
    given.baseline === undefined
      ? found
      : inOrder(applyBaseline(given.baseline, given.updateBaseline, report, found));
  const text = FORMATS[format](report, {
    ...appTitle(module),
    findings,
    file: relative(process.cwd(), module) || module,
    color: out === undefined && color,
  });
  if (out === undefined) channel.write(text);
  else {
    writeOut(out, text);
    channel.say(`${summaryOf(report)}; written to ${out}`);
  }
  return findings.some(fails) ? 1 : 0;
}

/** Requests run the app's own code, which may never come to an end. */
async function probe(app: Express, channel: CommandChannel): Promise<ProbeReport> {
  channel.alive();
  const beat = setInterval(() => channel.alive(), BEAT_MS);
  try {
    return await probeRoutes(app);
  } finally {
    clearInterval(beat);
  }
}

function fails({ level, accepted }: RouteFinding): boolean {
  return level === "error" && accepted !== true;
}
