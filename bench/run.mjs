/** `npm run bench`: measures the library and its peers side by side and prints Markdown tables. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSettings, USAGE } from "./settings.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));

try {
  const settings = readSettings(process.argv.slice(2));
  if (settings.help) console.log(USAGE);
  else process.exitCode = await run(settings);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}

async function run(settings) {
  if (!existsSync(join(here, "node_modules"))) npm(["ci", "--prefix", here]);
  if (settings.build) npm(["run", "build", "--prefix", root]);
  // Loaded only now: before, what they import may not be installed.
  const { measureStacks } = await import("./measure-stacks.mjs");
  const { measureParts } = await import("./measure-parts.mjs");
  const { measureLoadTimes } = await import("./measure-load-times.mjs");
  const { reportLoadTimes, reportParts, reportStacks } = await import("./report.mjs");

  const directory = mkdtempSync(join(tmpdir(), "express-secure-api-bench-"));
  let missed = false;
  try {
    console.log(describeMachine(settings));
    if (settings.only.includes("stacks")) {
      const report = reportStacks(
        await measureStacks(settings.stacks, { ...settings, directory, onProgress }),
      );
      console.log(`\n${report.text}`);
      missed = report.missed;
    }
    if (settings.only.includes("parts")) {
      onProgress("measuring single parts");
      console.log(
        `\n${reportParts(await measureParts({ rounds: settings.rounds * 9, directory }))}`,
      );
    }
    if (settings.only.includes("load-times")) {
      onProgress("measuring require()");
      console.log(`\n${reportLoadTimes(measureLoadTimes({ rounds: settings.rounds }))}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (settings.check && missed) {
    console.error("bench: a budget is missed");
    return 1;
  }
  return 0;
}

/** Progress goes to stderr, so that stdout is the report alone. */
function onProgress(text) {
  console.error(text);
}

function npm(args) {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: root, encoding: "utf8" });
  if (status === 0) return;
  console.error(stdout, stderr);
  throw new Error(`npm ${args.join(" ")} failed`);
}

function describeMachine({ rounds, requests, warmup }) {
  const { dependencies } = readJson("package.json");
  const versions = Object.keys(dependencies).map(
    (name) => `${name} ${readJson(join("node_modules", name, "package.json")).version}`,
  );
  return [
    `Node ${process.version}, ${availableParallelism()} CPUs (${cpus()[0]?.model.trim() ?? "unknown"}), load ${loadavg()[0].toFixed(1)}`,
    `${rounds} rounds of ${requests} requests after ${warmup} of warm-up`,
    versions.join(", "),
  ].join("\n");
}

function readJson(path) {
  return JSON.parse(readFileSync(join(here, path), "utf8"));
}
