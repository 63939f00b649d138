import { execFileSync } from "node:child_process";
import { resolveInLibrary } from "./library.mjs";
import { median, medianRatio } from "./statistics.mjs";

/** Each subpath, and the packages that it is built on, as the library itself would load them. */
const SUBPATHS = [
  ["secure-headers", ["helmet", "cors"]],
  ["oauth-guard", ["jsonwebtoken"]],
  ["rate-limit", ["rate-limiter-flexible"]],
  ["validate", ["ajv/dist/2020.js"]],
  ["audit-log", ["winston"]],
  ["authorization", []],
  ["errors", []],
  [
    "secure-api",
    ["helmet", "cors", "jsonwebtoken", "rate-limiter-flexible", "ajv/dist/2020.js", "winston"],
  ],
];

/** Prints milliseconds and the number of files; the paths come as arguments, resolved before the clock starts. */
const SCRIPT = `
const { createRequire } = require("node:module");
const from = createRequire(process.argv[1]);
const paths = process.argv.slice(2).map((name) => from.resolve(name));
const start = process.hrtime.bigint();
for (const path of paths) from(path);
const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
console.log(JSON.stringify({ milliseconds, files: Object.keys(from.cache).length }));
`;

/** How long `require()` of each subpath takes in a fresh process, beside the packages it is built on. */
export function measureLoadTimes({ rounds }) {
  const samples = SUBPATHS.map(() => ({ own: [], dependencies: [] }));
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [subpath, dependencies]] of SUBPATHS.entries()) {
      samples[index].own.push(load([resolveInLibrary(subpath)]));
      if (dependencies.length > 0) samples[index].dependencies.push(load(dependencies));
    }
  }
  for (const [index, [subpath, dependencies]] of SUBPATHS.entries()) {
    const own = samples[index].own.map(({ milliseconds }) => milliseconds);
    const others = samples[index].dependencies.map(({ milliseconds }) => milliseconds);
    results.push({
      subpath,
      dependencies,
      milliseconds: median(own),
      files: samples[index].own[0].files,
      dependencyMilliseconds: others.length === 0 ? undefined : median(others),
      ratio: others.length === 0 ? undefined : medianRatio(own, others),
    });
  }
  return results;
}

function load(names) {
  const output = execFileSync(
    process.execPath,
    ["-e", SCRIPT, resolveInLibrary("package.json"), ...names],
    {
      encoding: "utf8",
      timeout: 30_000,
    },
  );
  return JSON.parse(output);
}
