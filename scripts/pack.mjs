// Packs the library as npm would publish it.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { removeFolders } from "./folders.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Packs into the folder; the `prepack` script builds first. Returns the path of the tarball. */
export function pack(folder) {
  const args = ["pack", "--json", "--loglevel=error", "--pack-destination", folder];
  try {
    const output = execFileSync("npm", args, { cwd: root, encoding: "utf8" });
    const [{ filename }] = JSON.parse(output);
    return join(folder, filename);
  } catch (error) {
    // npm runs no `postpack` when it fails on the way.
    removeFolders();
    throw error;
  }
}
