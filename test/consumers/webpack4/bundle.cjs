// Bundles the app with webpack 4, which does not know `exports`, and runs the file where no package is installed.
const { execFileSync } = require("node:child_process");
const { copyFileSync, mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const webpack = require("webpack");
const config = require("./webpack.config.js");

webpack(config).run((error, stats) => {
  const errors = error ? [error.message] : stats.toJson({ all: false, errors: true }).errors;
  if (errors.length > 0) {
    console.error(errors.join("\n"));
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "express-secure-api-bundle-"));
  try {
    copyFileSync(join(config.output.path, "bundle.cjs"), join(folder, "bundle.cjs"));
    execFileSync(process.execPath, ["bundle.cjs"], { cwd: folder, stdio: "inherit" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
