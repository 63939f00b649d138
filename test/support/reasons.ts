import { sourceFiles } from "./source-files.js";

/** What looks at logs decides about no request. */
const UNDECIDED = /^audit-log\/(?:log-files|report|verify)\//;
const WORD = /"([a-z]+(?:_[a-z]+)*)"/g;
/** A closed list: two or more names in a row, each of several words. */
const UNION = /"[a-z]+(?:_[a-z]+)+"(?:\s*\|\s*"[a-z]+(?:_[a-z]+)+")+/g;
const ALIAS = /\btype \w*Reason\s*=([^;]+);/g;
/** What is given as a reason, over several lines if need be. */
const GIVEN = /\breason(?:: \w+)?\s*[:=](?![=>])([^;]*?)(?:;|,\n| \}(?=[);,\s]))/g;
/** What alone is said of a request that may pass. */
const ALLOWED = /\.allow\(req, ("[a-z_]+")\)/g;
/** How a function of the app fails, whichever guard asked it. */
const FAILURES = ["function_failed", "function_timeout", "wrong_return"];
const KEYS_OF = /\bkeyof typeof (\w+)/;

/** The reasons that the decisions of these folders of src can have, in the order of the alphabet. */
export function reasonsIn(folders: readonly string[]): readonly string[] {
  const files = sourceFiles().filter(
    ({ folder, path }) => folders.includes(folder) && !UNDECIDED.test(path),
  );
  const reasons = files.flatMap(({ text }) => {
    const code = text.replaceAll(/^\s*\/\*\*[\s\S]*?\*\//gm, "").replaceAll(/^\s*\/\/.*$/gm, "");
    const aliases = [...code.matchAll(ALIAS)].map(([, alias = ""]) => alias);
    const given = [...code.matchAll(GIVEN)].map(([, value = ""]) => value);
    const allowed = [...code.matchAll(ALLOWED)].map(([, value = ""]) => value);
    const unions = code.match(UNION) ?? [];
    return [
      ...[...aliases, ...given, ...allowed, ...unions].flatMap(wordsIn),
      ...aliases.flatMap((alias) => keysOf(KEYS_OF.exec(alias)?.[1], code)),
      // What the guard itself says, when it cannot decide.
      ...(/\bcreateGuard\(/.test(code) ? ["application_error"] : []),
      ...(/\b(?:createCall|settleInTime|failedWith|FunctionFailure)\b/.test(code) ? FAILURES : []),
      ...(/\.(?:whenSettled|resume)\(/.test(code) ? ["client_left"] : []),
    ];
  });
  return [...new Set(reasons)].sort();
}

function wordsIn(text: string): readonly string[] {
  const made = [...text.matchAll(/`([a-z_]+)\$\{/g)].map(([, prefix = ""]) => `${prefix}…`);
  return [...[...text.matchAll(WORD)].map(([, word = ""]) => word), ...made];
}

function keysOf(table: string | undefined, code: string): readonly string[] {
  if (table === undefined) return [];
  const body = new RegExp(`const ${table}\\b[^{]*\\{([\\s\\S]*?)^\\}`, "m").exec(code)?.[1] ?? "";
  return [...body.matchAll(/^ {2}([a-z_]+):/gm)].map(([, key = ""]) => key);
}
