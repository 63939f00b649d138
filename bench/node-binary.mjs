import { execFileSync } from "node:child_process";

/** The majors that the library is tested on. */
export const MAJORS = ["20", "22", "24", "26"];

/**
 * The Node that is measured: npm's package `node` carries the binaries of every major.
 *
 * @param major - One of {@link MAJORS}; the Node that runs this without it.
 * @returns the path of the binary and its version.
 */
export function findNode(major) {
  if (major === undefined) return { path: process.execPath, version: process.version };
  const print = 'node -p "JSON.stringify({ path: process.execPath, version: process.version })"';
  const output = execFileSync("npx", ["-y", "-p", `node@${major}`, "-c", print], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const node = JSON.parse(output);
  if (!node.version.startsWith(`v${major}.`))
    throw new Error(`npx brought Node ${node.version} instead of ${major}`);
  return node;
}
