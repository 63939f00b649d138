import { deep, spread } from "./spread.js";

/** A piece of a path as Express 5 declares it. */
type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "parameter" }
  | { readonly kind: "wildcard" }
  | { readonly kind: "optional"; readonly tokens: readonly Token[] };

const MAX_SAMPLES = 64;
const NAME = /[:*](?:"(?:\\.|[^"\\])*"|[$_\p{ID_Start}](?:[$\p{ID_Continue}]|\u200c|\u200d)*)/uy;

/**
 * Paths that a path of Express 5, such as `/users/:id{/*rest}`, stands for: what is optional present and absent.
 *
 * @param fill - What stands in place of parameters and wildcards.
 */
export function templateSamples(template: string, fill: string): readonly string[] {
  return spread(texts(parse(template), fill), MAX_SAMPLES);
}

function texts(tokens: readonly Token[], fill: string): readonly string[] {
  let found: readonly string[] = [""];
  for (const token of tokens) {
    const ends = textsOf(token, fill);
    found = spread(
      found.flatMap((text) => ends.map((end) => text + end)),
      MAX_SAMPLES,
    );
  }
  return found;
}

function textsOf(token: Token, fill: string): readonly string[] {
  if (token.kind === "text") return [token.text];
  if (token.kind === "parameter") return [fill];
  if (token.kind === "wildcard") return [fill, `${fill}/${fill}`, deep(fill)];
  return [...texts(token.tokens, fill), ""];
}

function parse(template: string): readonly Token[] {
  const open: Token[][] = [[]];
  const add = (token: Token): void => void open.at(-1)?.push(token);
  for (let at = 0; at < template.length; at += 1) {
    const char = template[at] as string;
    NAME.lastIndex = at;
    if (char === "{") open.push([]);
    else if (char === "}" && open.length > 1) add({ kind: "optional", tokens: open.pop() ?? [] });
    else if ((char === ":" || char === "*") && NAME.test(template)) {
      add({ kind: char === ":" ? "parameter" : "wildcard" });
      at = NAME.lastIndex - 1;
    } else {
      const isEscape = char === "\\" && at + 1 < template.length;
      if (isEscape) at += 1;
      add({ kind: "text", text: isEscape ? (template[at] as string) : char });
    }
  }
  return open.flat();
}
