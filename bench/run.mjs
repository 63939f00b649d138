/** `npm run bench`: measures the library and its peers side by side and prints Markdown for docs/performance.md. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { budgetsFor, CHECKED } from "./budgets.mjs";
import { findNode } from "./node-binary.mjs";
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
  const node = findNode(settings.major);
  if (!existsSync(join(here, "node_modules"))) npm(["ci", "--prefix", here]);
  if (settings.build) npm(["run", "build", "--prefix", root]);

  const budgets = budgetsFor(node.version);
  if (!settings.summary) console.log(describeRun(node.version, settings));
  const ratios = {};
  for await (const report of measure(node.path, settings, budgets)) {
    if (!settings.summary) console.log(`\n${report.text}`);
    Object.assign(ratios, report.ratios);
  }
  if (settings.summary) {
    const { summarize } = await import("./report.mjs");
    console.log(summarize(node.version, ratios));
  }
  if (settings.check && CHECKED.some((id) => ratios[id] > budgets[id])) {
    console.error("bench: a budget is missed");
    return 1;
  }
  return 0;
}

async function* measure(node, { only, stacks, rounds, requests, warmup }, budgets) {
  // Loaded only now: before, what they import may not be installed.
  const { measureStacks } = await import("./measure-stacks.mjs");
  const { measureParts } = await import("./measure-parts.mjs");
  const { measureLoadTimes } = await import("./measure-load-times.mjs");
  const { measureBlockedLoop } = await import("./measure-blocked-loop.mjs");
  const { reportBlockedLoop, reportLoadTimes, reportParts, reportStacks } = await import(
    "./report.mjs"
  );

  const { measureRedis } = await import("./measure-redis.mjs");
  const { hasRedis } = await import("./redis/redis-server.mjs");
  const { reportRedis } = await import("./redis/report-redis.mjs");

  const directory = mkdtempSync(join(tmpdir(), "express-secure-api-bench-"));
  try {
    if (only.includes("stacks")) {
      const settings = { node, rounds, requests, warmup, directory, onProgress };
      yield reportStacks(await measureStacks(stacks, settings), budgets);
    }
    if (only.includes("parts")) {
      onProgress("measuring single parts");
      yield reportParts(await measureParts({ node, rounds: rounds * 9, directory }), budgets);
    }
    if (only.includes("load-times")) {
      onProgress("measuring require()");
      yield reportLoadTimes(measureLoadTimes({ node, rounds }), budgets);
    }
    if (only.includes("blocked-loop")) {
      onProgress("measuring how long hostile requests block the loop");
      yield reportBlockedLoop(await measureBlockedLoop({ node, rounds }), budgets);
    }
    if (only.includes("redis")) {
      if (hasRedis()) {
        onProgress("measuring limits in Redis, and while it hangs");
        yield reportRedis(await measureRedis({ node, rounds }), budgets);
      } else onProgress("limits in Redis are left out: apt-get install redis-server");
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
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

function describeRun(version, { rounds, requests, warmup }) {
  const { dependencies } = readJson("package.json");
  const versions = Object.keys(dependencies).map(
    (name) => `${name} ${readJson(join("node_modules", name, "package.json")).version}`,
  );
  const machine = `${availableParallelism()} CPUs (${cpus()[0]?.model.trim() ?? "unknown"}), load ${loadavg()[0].toFixed(1)}`;
  return [
    `Measured on Node ${version}, ${machine};`,
    `${rounds} rounds of ${requests} requests after ${warmup} of warm-up.`,
    `${versions.join(", ")}.`,
  ].join("\n");
}

function readJson(path) {
  return JSON.parse(readFileSync(join(here, path), "utf8"));
}
