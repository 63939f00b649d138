// Compiles with the consumer's own TypeScript and runs the result. Errors inside other packages' declarations do not
// count: old compilers do not understand all of @types/node. Ours do count, so `skipLibCheck` is off.
const { execFileSync, spawnSync } = require("node:child_process");

const project = process.argv[2];
const { status, stdout } = spawnSync("npx", ["tsc", "-p", project, "--pretty", "false"], {
  encoding: "utf8",
});
const foreign = /^node_modules\/(?!express-secure-api\/)/;
const found = stdout.split("\n").filter((line) => /^\S.*error TS\d+/.test(line));
const errors = found.filter((line) => !foreign.test(line));
// A compiler that fails without a word about an error did not run.
if (errors.length > 0 || (status !== 0 && found.length === 0)) {
  console.error(errors.join("\n") || stdout);
  process.exit(1);
}
const { compilerOptions } = JSON.parse(require("node:fs").readFileSync(project, "utf8"));
if (compilerOptions.noEmit !== true)
  execFileSync(process.execPath, [`${compilerOptions.outDir}/main.js`], { stdio: "inherit" });
