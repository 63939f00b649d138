import { readdirSync, readFileSync } from "node:fs";
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

/** The folders of src that users can import: all but those that are private. */
export function publicFolders(): readonly string[] {
  return readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((item) => item.isDirectory() && !PRIVATE.includes(item.name))
    .map((item) => item.name)
    .sort();
}
