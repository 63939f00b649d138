// `npm pack` and `npm publish` run this first, and `postpack.mjs` afterwards, unless they fail in between.
import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "./build.mjs";
import { removeFolders, writeFolders } from "./folders.mjs";

assertDestination();
await build();
try {
  writeFolders();
} catch (error) {
  removeFolders();
  throw error;
}

/** npm looks at the destination only when all is packed, and runs no `postpack` then: the folders would stay. */
function assertDestination() {
  const { INIT_CWD = ".", npm_config_pack_destination: destination } = process.env;
  if (destination === undefined) return;
  const folder = resolve(INIT_CWD, destination);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`--pack-destination must be a folder that exists: ${folder}`);
  accessSync(folder, constants.W_OK);
}
