import { parseExpression, type Term } from "./parse-expression.js";

/** What router 2.0 to 2.2 puts behind the choices that it makes of a path. */
const TAIL = /(?:\(\?:\\\/\$\)\?)?(?:\(\?=\\\/\|\$\)|\$)$/;

/**
 * The path of Express 5 that the router has turned into this expression.
 *
 * @param names - Of what it captures, in order.
 * @returns `undefined` when it does not look like one.
 */
export function decodeExpression(expression: RegExp, names: readonly string[]): string | undefined {
  const { source } = expression;
  const tail = TAIL.exec(source);
  if (tail === null || !source.startsWith("^")) return undefined;
  const atom = parseExpression(source.slice(1, tail.index))?.[0]?.[0]?.atom;
  if (atom?.kind !== "group" || atom.captures) return undefined;
  const left = [...names];
  const choices = atom.choices.map((terms) => decodeTerms(terms, left));
  if (choices.includes(undefined) || left.length > 0) return undefined;
  return joinChoices(choices as string[]);
}

function decodeTerms(terms: readonly Term[], names: string[]): string | undefined {
  let path = "";
  for (const { atom } of terms) {
    if (atom.kind === "text")
      path += /[{}()[\]+?!:*\\]/.test(atom.text) ? `\\${atom.text}` : atom.text;
    else if (atom.kind === "group" && atom.captures) {
      const name = names.shift();
      if (name === undefined) return undefined;
      const isWildcard = new RegExp(`^${atom.source}$`).test("a/b");
      path += `${isWildcard ? "*" : ":"}${name}`;
    } else return undefined;
  }
  return path;
}

/** The router writes an optional part as two choices, with and without it, of which the one with it comes first. */
function joinChoices([full = "", bare, ...more]: readonly string[]): string | undefined {
  if (bare === undefined) return full;
  if (more.length > 0 || bare.length >= full.length) return undefined;
  let start = 0;
  while (start < bare.length && full[start] === bare[start]) start += 1;
  let end = full.length - (bare.length - start);
  if (full.slice(end) !== bare.slice(start)) return undefined;
  // A part begins with its slash, although what stands behind it may begin with one as well.
  while (start > 0 && full[start] !== "/" && full[start - 1] === full[end - 1]) {
    start -= 1;
    end -= 1;
  }
  return `${full.slice(0, start)}{${full.slice(start, end)}}${full.slice(end)}`;
}
