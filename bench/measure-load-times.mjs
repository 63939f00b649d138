import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { resolveInLibrary } from "./library.mjs";
import { median, medianRatio } from "./statistics.mjs";

const PRESET_PACKAGES = [
  "helmet",
  "cors",
  "jsonwebtoken",
  "rate-limiter-flexible",
  "ajv/dist/2020.js",
  "winston",
];

/** Each subpath, and the packages that it is built on or stands in for. */
const SUBPATHS = [
  ["secure-headers", ["helmet", "cors"]],
  ["oauth-guard", ["jsonwebtoken"]],
  ["authorization", []],
  ["principal", []],
  ["rate-limit", ["rate-limiter-flexible"]],
  ["json-body", []],
  ["validate", ["ajv/dist/2020.js"]],
  ["audit-log", ["winston"]],
  ["errors", []],
  ["secure-api", PRESET_PACKAGES],
];

/** A process is started once per sample and is short: more samples than rounds cost little. */
const SAMPLES_PER_ROUND = 3;

/**
 * Prints milliseconds and the number of files; the paths come as arguments, resolved before the clock starts. Express
 * is loaded before, as in every app: what Express needs itself is nobody's cost here.
 */
const SCRIPT = `
const { createRequire } = require("node:module");
const from = createRequire(process.argv[1]);
const paths = process.argv.slice(2).map((name) => from.resolve(name));
from("express");
const before = Object.keys(from.cache).length;
const start = process.hrtime.bigint();
for (const path of paths) from(path);
const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
console.log(JSON.stringify({ milliseconds, files: Object.keys(from.cache).length - before }));
process.exit();
`;

/**
 * How long `require()` of each subpath takes in a fresh process, beside its packages; and of two small apps that also
 * create what they loaded, because what is loaded later than `require()` has to be paid for too.
 *
 * @param node - Path of the Node that is measured.
 */
export function measureLoadTimes({ node, rounds }) {
  const comparisons = [
    ...SUBPATHS.map(([subpath, packages]) => ({
      id: subpath === "secure-api" ? "require" : undefined,
      what: `${subpath} ÷ ${packages.length === 0 ? "nothing" : packages.join(" + ")}`,
      own: [resolveInLibrary(subpath)],
      others: packages,
    })),
    {
      id: "startUp",
      what: "secure-api and validate, created with a JSON Schema ÷ the same packages, created",
      own: [fileURLToPath(new URL("start-up/ours.cjs", import.meta.url))],
      others: [fileURLToPath(new URL("start-up/by-hand.cjs", import.meta.url))],
    },
  ].map((comparison) => ({ ...comparison, ownSamples: [], otherSamples: [] }));
  for (let sample = 0; sample < rounds * SAMPLES_PER_ROUND; sample += 1) {
    for (const { own, others, ownSamples, otherSamples } of comparisons) {
      ownSamples.push(load(node, own));
      if (others.length > 0) otherSamples.push(load(node, others));
    }
  }
  return comparisons.map(summarize);
}

function summarize({ id, what, ownSamples, otherSamples }) {
  const own = ownSamples.map(({ milliseconds }) => milliseconds);
  const others = otherSamples.map(({ milliseconds }) => milliseconds);
  return {
    id,
    what,
    files: ownSamples[0].files,
    milliseconds: median(own),
    otherFiles: otherSamples[0]?.files,
    otherMilliseconds: others.length === 0 ? undefined : median(others),
    ratio: others.length === 0 ? undefined : medianRatio(own, others),
  };
}

function load(node, names) {
  const output = execFileSync(node, ["-e", SCRIPT, resolveInLibrary("package.json"), ...names], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return JSON.parse(output);
}
