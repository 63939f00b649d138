// Bundles the app into one file with the bundler that is named, and runs that file where no package is installed.
const { execFileSync } = require("node:child_process");
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, relative } = require("node:path");

const bundlers = {
  async esbuild(outfile) {
    const options = { entryPoints: ["keys.cjs"], bundle: true, platform: "node", outfile };
    const { warnings } = await require("esbuild").build({ ...options, logLevel: "error" });
    return warnings.map(({ text, location }) => `${location?.file}: ${text}`);
  },
  async webpack(outfile) {
    const compiler = require("webpack")({
      entry: "./keys.cjs",
      mode: "production",
      target: "node",
      optimization: { minimize: false },
      output: { path: join(outfile, ".."), filename: "bundle.cjs" },
    });
    const stats = await new Promise((resolve, reject) => {
      compiler.run((error, result) => (error ? reject(error) : resolve(result)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    return [...errors, ...warnings].map(({ moduleName, message }) => `${moduleName}: ${message}`);
  },
  async rollup(outfile) {
    const problems = [];
    const bundle = await require("rollup").rollup({
      input: "keys.cjs",
      plugins: [
        require("@rollup/plugin-node-resolve").default({ preferBuiltins: true }),
        require("@rollup/plugin-commonjs").default(),
        require("@rollup/plugin-json").default(),
      ],
      onwarn({ id = "", ids = [id], message }) {
        problems.push(`${ids.map((file) => relative(process.cwd(), file))}: ${message}`);
      },
    });
    // An ES module, in which `require` is nothing that Node.js gives.
    const file = join(outfile, "..", "bundle.mjs");
    await bundle.write({ file, format: "es", inlineDynamicImports: true });
    writeFileSync(outfile, 'import("./bundle.mjs");');
    return problems;
  },
};

const folder = mkdtempSync(join(tmpdir(), "express-secure-api-bundle-"));
bundlers[process.argv[2]](join(folder, "bundle.cjs"))
  .then((problems) => {
    // Express itself cannot be bundled without a warning: it loads the view engine that an app names.
    const ours = problems.filter((problem) => problem.includes("express-secure-api"));
    if (ours.length > 0) throw new Error(ours.join("\n"));
    execFileSync(process.execPath, [join(folder, "bundle.cjs")], { cwd: folder, stdio: "inherit" });
  })
  .finally(() => rmSync(folder, { recursive: true }))
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
