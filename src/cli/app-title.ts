import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** How the app's own manifest calls it. */
export interface AppTitle {
  readonly title?: string;
  readonly version?: string;
}

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
    const { name, version } = JSON.parse(readFileSync(path, "utf8"));
    // One without a name, such as { "type": "module" }, only sets how Node.js reads the files beside it.
    if (typeof name !== "string") return undefined;
    return { title: name, ...(typeof version === "string" ? { version } : {}) };
  } catch {
    return undefined;
  }
}
