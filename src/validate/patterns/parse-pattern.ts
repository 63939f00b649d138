/** A regular expression as a tree. What consumes no character, and looks at none, is empty. */
export type PatternNode =
  | { readonly kind: "empty" | "start" | "end" }
  /** A lookaround: it reads from its place, and what follows it reads from there again. */
  | { readonly kind: "look"; readonly part: PatternNode }
  | { readonly kind: "character"; readonly source: string }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      readonly max: number;
    };

const EMPTY: PatternNode = { kind: "empty" };
const QUANTIFIER = /^(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/;
const ATOM =
  /^(?:\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[dD][89abAB][\dA-Fa-f]{2}\\u[dD][c-fC-F][\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2}|c[A-Za-z]|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S])/u;

/** Parses a pattern that `new RegExp(source, "u")` takes. `undefined` when it has a backreference. */
export function parsePattern(source: string): PatternNode | undefined {
  if (/\\(?:[1-9]|k<)/.test(source.replaceAll("\\\\", ""))) return undefined;
  let rest = source;

  function choice(): PatternNode {
    const parts = [sequence()];
    while (rest.startsWith("|")) {
      rest = rest.slice(1);
      parts.push(sequence());
    }
    return { kind: "choice", parts };
  }

  function sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (rest !== "" && !rest.startsWith("|") && !rest.startsWith(")")) parts.push(quantified());
    return { kind: "sequence", parts };
  }

  function quantified(): PatternNode {
    const part = atom();
    const match = QUANTIFIER.exec(rest);
    if (match === null) return part;
    const [text, least, comma, most] = match;
    rest = rest.slice(text.length);
    if (least === undefined) {
      const max = text.startsWith("?") ? 1 : Number.POSITIVE_INFINITY;
      return { kind: "repeat", part, min: text.startsWith("+") ? 1 : 0, max };
    }
    const min = Number(least);
    const max = comma === undefined ? min : most === "" ? Number.POSITIVE_INFINITY : Number(most);
    return { kind: "repeat", part, min, max };
  }

  function atom(): PatternNode {
    const [group] = /^\((?:\?(?::|<?[=!]|<[^>]*>))?/.exec(rest) ?? [];
    if (group !== undefined) {
      rest = rest.slice(group.length);
      const inner = choice();
      rest = rest.slice(1);
      return /[=!]$/.test(group) ? { kind: "look", part: inner } : inner;
    }
    const [text = rest] = ATOM.exec(rest) ?? [];
    rest = rest.slice(text.length);
    if (text === "^") return { kind: "start" };
    if (text === "$") return { kind: "end" };
    return text === "\\b" || text === "\\B" ? EMPTY : { kind: "character", source: text };
  }

  return choice();
}

/** Whether every match begins, or ends, at the edge of the text. */
export function isAnchored(node: PatternNode, edge: "start" | "end"): boolean {
  if (node.kind === edge) return true;
  if (node.kind === "choice") return node.parts.every((part) => isAnchored(part, edge));
  if (node.kind !== "sequence") return false;
  const part = node.parts.at(edge === "start" ? 0 : -1);
  return part !== undefined && isAnchored(part, edge);
}

/** Whether there is a lookaround. */
export function looksAround(node: PatternNode): boolean {
  if (node.kind === "look") return true;
  if (node.kind === "repeat") return looksAround(node.part);
  return (node.kind === "choice" || node.kind === "sequence") && node.parts.some(looksAround);
}
