/** `node bench/profile.mjs <stack> [--node <major>]`: where the server of one stack spends its time under load. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findNode, MAJORS } from "./node-binary.mjs";
import { readMajor } from "./settings.mjs";
import { STACKS } from "./stack-list.mjs";
import { openTestBed } from "./test-bed.mjs";

const WARMUP = 15_000;
const REQUESTS = 20_000;
const ROWS = 45;

/** Samples of the engine at rest, which are nobody's cost. */
const IDLE = new Set(["(idle)", "(root)"]);

const USAGE = `node bench/profile.mjs <${Object.keys(STACKS).join("|")}> [--node <${MAJORS.join("|")}>]`;

const parts = new Map();

const library = fileURLToPath(new URL("../dist/", import.meta.url));

try {
  const { stack, major } = readArguments();
  const node = findNode(major);
  console.log(`${stack} on Node ${node.version}`);
  print(await record(stack, node.path));
} catch (error) {
  console.error(`profile: ${error.message}`);
  process.exitCode = 2;
}

/** @throws a `TypeError` that says what is wrong with the arguments. */
function readArguments() {
  const options = { node: { type: "string" } };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [stack] = positionals;
  if (positionals.length !== 1 || !Object.hasOwn(STACKS, stack))
    throw new TypeError(`usage: ${USAGE}`);
  return { stack, major: readMajor(values.node) };
}

async function record(stack, node) {
  const directory = mkdtempSync(join(tmpdir(), "express-secure-api-profile-"));
  const bed = await openTestBed(node, directory);
  try {
    const server = await bed.start(stack);
    await bed.load(server, WARMUP);
    await server.ask({ command: "startProfile" });
    await bed.load(server, REQUESTS);
    const { profile } = await server.ask({ command: "stopProfile" });
    return profile;
  } finally {
    await bed.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function print({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) byId.get(child).parent = node;
  const byOwner = new Map();
  const byFunction = new Map();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (IDLE.has(node.callFrame.functionName)) continue;
    total += timeDeltas[index];
    add(byOwner, ownerOf(node), timeDeltas[index]);
    add(byFunction, describe(node.callFrame), timeDeltas[index]);
  }
  const perRequest = (time) => `${(time / REQUESTS).toFixed(1).padStart(6)} µs`;
  console.log(`${perRequest(total)} in all, wall-clock time per request; by who asked for it:`);
  for (const [name, time] of largest(byOwner)) console.log(`${perRequest(time)}  ${name}`);
  console.log("\nself time by function:");
  for (const [name, time] of largest(byFunction)) console.log(`${perRequest(time)}  ${name}`);
}

function add(table, name, time) {
  table.set(name, (table.get(name) ?? 0) + time);
}

function largest(table) {
  return [...table].sort((a, b) => b[1] - a[1]).slice(0, ROWS);
}

/** The nearest caller that is a room of the library or a package: what Node does for it is its cost. */
function ownerOf(node) {
  for (let current = node; current !== undefined; current = current.parent) {
    const { url, functionName, lineNumber } = current.callFrame;
    const [, dependency] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    if (dependency !== undefined) return dependency;
    const room = roomOf(url, lineNumber);
    if (room !== undefined) return room;
    if (functionName.startsWith("(") && current === node) return functionName;
    if (/\/bench\//.test(url)) return "bench";
  }
  return "node";
}

/** `src/audit-log/record` for what stands in a part of the library and comes from a file of that folder. */
function roomOf(url, line) {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  if (!path.startsWith(library)) return undefined;
  const source = sourcesOf(path).findLast((one) => one.line <= line);
  return dirname(source?.path ?? path.slice(library.length)).replaceAll("\\", "/");
}

/** Where each source begins in a part: the build writes its name above it. */
function sourcesOf(path) {
  if (!parts.has(path)) {
    const lines = readFileSync(path, "utf8").split("\n");
    const sources = lines.flatMap((text, line) => {
      const name = /^\/\/ (src\/\S+\.ts)$/.exec(text)?.[1];
      return name === undefined ? [] : [{ line, path: name }];
    });
    parts.set(path, sources);
  }
  return parts.get(path);
}

function describe({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/node_modules\//, "").replace(/^.*\/(dist|bench)\//, "$1/");
  return `${functionName || "(anonymous)"} ${place === "" ? "(native)" : `${place}:${lineNumber + 1}`}`;
}
