// Links the sources of each folder into one file: a package that users load at every start is not read file by file.
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { rolldown } from "rolldown";

/** No doors of the package: the command, what it starts, and what has to find that beside itself. */
const PROGRAMS = ["cli/main", "cli/routes/supervise", "cli/routes/app-process"];

/** Rooms that only the command loads. */
const OF_COMMANDS = /^audit-log\/(?:log-files|report|verify)\//;

/**
 * Writes CommonJS to `outDir`: a door for each subpath at its place, which only hands on, and behind the doors one part
 * for each folder of `src`. So a subpath loads the parts that it needs, and each part exists once in a process.
 *
 * @param whole - `false` leaves each source a file of its own, for who looks at one of them alone.
 */
export async function bundle(root, outDir, { whole = true } = {}) {
  const src = join(root, "src");
  const doors = doorsIn(src);
  const input = Object.fromEntries(
    [...doors.map((door) => join(door, "index")), ...PROGRAMS].map((name) => [
      name,
      join(src, `${name}.ts`),
    ]),
  );
  const build = await rolldown({
    input,
    cwd: root,
    platform: "node",
    external: (id) => !id.startsWith(".") && !id.startsWith(root),
    resolve: { extensionAlias: { ".js": [".ts"] } },
    transform: { target: "es2023" },
    tsconfig: false,
    // Doors are in no part, so that nothing is ever added to what they export.
    preserveEntrySignatures: "allow-extension",
    onLog: refuseWarnings,
  });
  const name = (id) => partOf(id, src, doors, new Set(Object.values(input)));
  await build.write({
    dir: outDir,
    format: "cjs",
    strict: true,
    exports: "named",
    esModule: true,
    externalLiveBindings: false,
    minifyInternalExports: false,
    generatedCode: { symbols: false },
    entryFileNames: "[name].js",
    ...(whole ? inParts(name) : { preserveModules: true, preserveModulesRoot: src }),
  });
  await build.close();
}

function inParts(name) {
  return {
    chunkFileNames: "parts/[name].js",
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name, debugName: "folder of src" }],
    },
  };
}

/** `""`, `rate-limit`, `rate-limit/express-rate-limit` …: a room with an index is a door of its own. */
export function doorsIn(directory) {
  const folders = foldersIn(directory);
  return ["", ...folders, ...folders.flatMap((folder) => roomsIn(directory, folder))].filter(
    (folder) => ["ts", "js"].some((end) => existsSync(join(directory, folder, `index.${end}`))),
  );
}

function roomsIn(directory, folder) {
  return foldersIn(join(directory, folder)).map((room) => `${folder}/${room}`);
}

function foldersIn(path) {
  return readdirSync(path, { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map(({ name }) => name);
}

/** The part of a file is its folder of `src`, the room in it that is a door of its own, or what only the command loads. */
function partOf(id, src, doors, entries) {
  if (!id.startsWith(src + sep) || entries.has(id)) return null;
  const path = relative(src, id).replaceAll("\\", "/");
  if (OF_COMMANDS.test(path)) return "audit-log-commands";
  const rooms = doors.filter((door) => door.includes("/"));
  const room = rooms.find((door) => path.startsWith(`${door}/`));
  return (room ?? path.slice(0, path.indexOf("/"))).replace("/", "-");
}

/** A warning of today is a broken package of tomorrow. */
function refuseWarnings(level, { code, message }) {
  // The command hands over to the process of the app, which loads the same file.
  if (level === "warn" && code !== "INEFFECTIVE_DYNAMIC_IMPORT")
    throw new Error(`${code}: ${message}`);
}
