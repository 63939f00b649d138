import { dirname, join, resolve } from "node:path";
import { readText } from "../../core/files/read-text.js";

/** How the app's own manifest calls it. */
export interface AppTitle {
  readonly title?: string;
  readonly version?: string;
}

const MAX_BYTES = 1024 * 1024;

/** Name and version from the package.json nearest to the module; nothing when there is none that can be read. */
export function appTitle(module: string): AppTitle {
  let folder = dirname(resolve(module));
  for (;;) {
    const found = read(join(folder, "package.json"));
    if (found !== undefined) return found;
    const parent = dirname(folder);
    if (parent === folder) return {};
    folder = parent;
  }
}

function read(path: string): AppTitle | undefined {
  try {
    const { name, version } = JSON.parse(readText(path, { maxBytes: MAX_BYTES, filesOnly: true }));
    // One without a name, such as { "type": "module" }, only sets how Node.js reads the files beside it.
    if (typeof name !== "string" || name === "") return undefined;
    return { title: name, ...(typeof version === "string" ? { version } : {}) };
  } catch {
    return undefined;
  }
}
