// Installs the packed library into small apps, as users would, and runs them. Ends with "N passed, N failed".
import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pack } from "../../scripts/pack.mjs";

const NPM = "npm install --prefer-offline --no-save --no-package-lock --no-audit --no-fund";

/** Each dependency only where it is declared, and no optional peer. */
const PNPM = "npx -y pnpm@10 add --prefer-offline --ignore-scripts";

const CONSUMERS = [
  {
    folder: "oldest",
    checks: {
      "CommonJS JavaScript on Express 4.17 and express-validator 6": "node app.cjs",
      "Jest 26, and the oldest peers": "npx jest --ci",
      "a resolver that does not know exports": "node resolver.cjs",
      "TypeScript 4.7, node": "node typescript.cjs tsconfig.node.json",
      "TypeScript 4.7, node16": "node typescript.cjs tsconfig.node16.json",
    },
  },
  {
    folder: "express4",
    checks: {
      "CommonJS JavaScript on Express 4": "node app.cjs",
      "TypeScript 5.0, CommonJS, types of Express 4": "node typescript.cjs tsconfig.json",
      "TypeScript 5.0, messages": "node messages.cjs",
    },
  },
  {
    folder: "express5",
    checks: {
      "ESM JavaScript on Express 5": "node app.mjs",
      "TypeScript 5.9, nodenext": "node typescript.cjs tsconfig.nodenext.json",
      "TypeScript 5.9, bundler": "node typescript.cjs tsconfig.bundler.json",
      "TypeScript 5.9, node10": "node typescript.cjs tsconfig.node10.json",
      "TypeScript 5.9, messages": "node messages.cjs",
    },
  },
  {
    folder: "jest",
    checks: { "Jest 30 under CommonJS, an app that exports a singleton": "npx jest --ci" },
  },
  {
    folder: "bundlers",
    checks: {
      "bundled by esbuild": "node bundle.cjs esbuild",
      "bundled by rollup": "node bundle.cjs rollup",
      "bundled by webpack": "node bundle.cjs webpack",
    },
  },
  {
    folder: "opentelemetry",
    checks: {
      "instrumented by OpenTelemetry, HTTP": "node traced.cjs",
      "instrumented by OpenTelemetry, HTTP and Express": "node traced.cjs express",
      "instrumented by OpenTelemetry, ESM": "node --import ./tracing.cjs traced.mjs",
    },
  },
  { folder: "webpack4", checks: { "bundled by webpack 4": "node bundle.cjs" } },
  {
    folder: "pnpm",
    install: PNPM,
    checks: {
      "strict node_modules, without optional peers": "node keys.cjs",
      ...Object.fromEntries(
        [20, 22, 24, 26].map((major) => [
          `both doors of every subpath, Node.js ${major}`,
          `npx -y -p node@${major} -c "node doors.mjs && node keys.cjs"`,
        ]),
      ),
    },
  },
];

const home = import.meta.dirname;
const work = await mkdtemp(join(tmpdir(), "express-secure-api-consumers-"));
let passed = 0;
let failed = 0;

try {
  const tarball = pack(work);
  await Promise.all(CONSUMERS.map((consumer) => tryConsumer(consumer, tarball)));
} finally {
  await rm(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryConsumer({ folder, install = NPM, checks }, tarball) {
  const cwd = join(work, folder);
  await cp(join(home, folder), cwd, { recursive: true });
  for (const file of [
    "app.cjs",
    "keys.cjs",
    "main.ts",
    "messages.cjs",
    "requests.cjs",
    "typescript.cjs",
  ]) {
    await cp(join(home, file), join(cwd, file));
  }
  await cp(join(home, "..", "types"), join(cwd, "types"), {
    recursive: true,
    // Their packages are not installed there.
    filter: (source) => !/\b(?:joi|from-express-rate-limit|telemetry)\.ts$/.test(source),
  });
  const installed = await run(`${install} ../${basename(tarball)}`, cwd);
  for (const [title, command] of Object.entries(checks)) {
    const result = installed.code === 0 ? await run(command, cwd) : installed;
    console.log(`${result.code === 0 ? "passed" : "FAILED"}: ${title}`);
    if (result.code === 0) passed += 1;
    else {
      failed += 1;
      console.log(result.output);
    }
  }
}

function run(command, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, { cwd, shell: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    child.on("close", (code) => resolve({ code, output }));
  });
}
