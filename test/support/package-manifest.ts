import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Root of the repository. */
export const root = join(__dirname, "..", "..");

interface Door {
  readonly "types@<5.0": string;
  readonly types: string;
  readonly default: string;
}

/** The parts of package.json that the tests read. */
export interface PackageManifest {
  readonly name: string;
  readonly exports: Readonly<
    Record<string, string | { readonly import: Door; readonly require: Door }>
  >;
  readonly typesVersions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The package.json of the library. */
export const manifest: PackageManifest = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
);

/** Floors that the public folders stand on, and the command above them. */
const PRIVATE = ["core", "issuer", "cli"];

/**
 * The folders of src that users can import: all but those that are private, and of their rooms those with an index, such
 * as `authorization/cedar`.
 */
export function publicFolders(): readonly string[] {
  const folders = foldersIn("src").filter((name) => !PRIVATE.includes(name));
  const rooms = folders.flatMap((folder) =>
    foldersIn(`src/${folder}`).map((room) => `${folder}/${room}`),
  );
  const doors = rooms.filter((room) => existsSync(join(root, "src", room, "index.ts")));
  return [...folders, ...doors].sort();
}

function foldersIn(path: string): readonly string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((item) => item.isDirectory())
    .map((item) => item.name);
}
