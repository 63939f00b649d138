import { sourceFiles } from "./source-files.js";

/** A member of an interface, as its source has it. */
export interface Member {
  /** Whether it must be given. */
  readonly required: boolean;
  /** What the docstring says behind `@default`. */
  readonly defaultText: string | undefined;
}

const INTERFACE = /^(?:export )?interface (\w+)([^{]*)\{(?:\}|([\s\S]*?)^\})/gm;
const MEMBER = /^ {2}(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+)?readonly (\w+)(\??):/gm;
const READ = /\b(?:readOptions|object|objects|nested)<([A-Z][^<>()]*)(?:<unknown>)?>\(/g;

const files = sourceFiles();
const interfaces = new Map(
  files.flatMap(({ text }) =>
    [...text.matchAll(INTERFACE)].map(
      ([, name = "", head = "", body = ""]) => [name, { head, body }] as const,
    ),
  ),
);

/** The types of all options that some reader reads. */
export function typesRead(): ReadonlySet<string> {
  const found = files
    .filter(({ path }) => path !== "core/options/options-reader.ts")
    .flatMap(({ text }) => [...text.matchAll(READ)].map(([, type = ""]) => type));
  return new Set(found);
}

/** The members of an interface, those that it inherits included. Of a union, those of all its interfaces. */
export function membersOf(type: string): ReadonlyMap<string, Member> {
  const parts = type.split(" | ").map(membersOfOne);
  const [first = new Map<string, Member>(), ...others] = parts;
  if (others.length === 0) return first;
  const names = new Set(parts.flatMap((part) => [...part.keys()]));
  return new Map(
    [...names].map((name) => {
      const given = parts.map((part) => part.get(name));
      const required = given.every((member) => member?.required === true);
      const defaultText = given.find((member) => member?.defaultText)?.defaultText;
      return [name, { required, defaultText }];
    }),
  );
}

function membersOfOne(name: string): ReadonlyMap<string, Member> {
  const { head = "", body = "" } = interfaces.get(name) ?? {};
  const parents = [...head.matchAll(/\b[A-Z]\w+/g)].map(([parent]) => parent);
  const inherited = parents
    .filter((parent) => interfaces.has(parent))
    .flatMap((parent) => [...membersOfOne(parent)]);
  const own = [...body.matchAll(MEMBER)].map(
    ([, comment = "", member = "", optional]) =>
      [member, { required: optional === "", defaultText: defaultIn(comment) }] as const,
  );
  return new Map([...inherited, ...own]);
}

function defaultIn(comment: string): string | undefined {
  const text = comment.replaceAll(/^\s*\* ?/gm, "");
  return /@default\s+([\s\S]*?)(?=\n@|\n\n|\s@see|$(?![\s\S]))/
    .exec(text)?.[1]
    ?.replaceAll(/\s+/g, " ")
    .trim();
}
