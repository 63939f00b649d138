// `npm pack` and `npm publish` run this first, and `postpack.mjs` afterwards.
import { build } from "./build.mjs";
import { writeFolders } from "./folders.mjs";

build();
writeFolders();
