/** A path of Express as OpenAPI spells it. */
export interface TemplatedPath {
  /** `/orders/{id}` */
  readonly path: string;
  /** Names of the parameters, in their order. */
  readonly parameters: readonly string[];
  /** Names of those that stand for several segments. */
  readonly wildcards: readonly string[];
}

/** More optional parts than this are not spelt out. */
const MAX_VARIANTS = 16;

type Token =
  | { readonly text: string }
  | { readonly name: string; readonly wild: boolean }
  | { readonly optional: readonly Token[] };

/**
 * The paths of OpenAPI that a path of Express 4 or 5 stands for: several where parts of it are optional, none where it
 * is a regular expression, or holds one that no template can say.
 */
export function templatesOf(path: string): readonly TemplatedPath[] {
  if (!path.startsWith("/")) return [];
  const tokens = parse(path);
  if (tokens === undefined) return [];
  const variants = expand(tokens);
  return variants.length > MAX_VARIANTS ? [] : variants.map(templateOf);
}

/** What two paths have in common that differ only in the names of their parameters. */
export function shapeOf(template: string): string {
  const shape = template.replaceAll(/\{[^{}]*\}/g, "{}");
  return shape.length > 1 && shape.endsWith("/") ? shape.slice(0, -1) : shape;
}

function parse(path: string): readonly Token[] | undefined {
  const stack: Token[][] = [[]];
  let index = 0;
  const put = (token: Token): void => {
    stack.at(-1)?.push(token);
  };
  while (index < path.length) {
    const rest = path.slice(index);
    // Express 4: `:id(\\d+)?`, `:id?`, `(.*)`, `*`; Express 5: `:id`, `:"id"`, `*name`, `{/:id}`.
    const parameter = /^(?:([/.-]?):(\w+|"(?:[^"\\]|\\.)+"))((?:\([^()]*\))?)([?*+]?)/.exec(rest);
    const wildcard = /^\*(\w*|"(?:[^"\\]|\\.)+")/.exec(rest);
    if (parameter !== null) {
      const [all, separator = "", name = "", , modifier = ""] = parameter;
      const tokens: Token[] = [
        ...(separator === "" ? [] : [{ text: separator }]),
        { name: plain(name), wild: modifier === "*" || modifier === "+" },
      ];
      if (modifier === "?" || modifier === "*") put({ optional: tokens });
      else for (const token of tokens) put(token);
      index += all.length;
    } else if (wildcard !== null) {
      put({ name: plain(wildcard[1] ?? "") || "wildcard", wild: true });
      index += wildcard[0].length;
    } else if (rest.startsWith("\\") && rest.length > 1) {
      put({ text: rest.slice(1, 2) });
      index += 2;
    } else if (rest.startsWith("{")) {
      stack.push([]);
      index += 1;
    } else if (rest.startsWith("}") && stack.length > 1) {
      const optional = stack.pop() ?? [];
      put({ optional });
      index += 1;
    } else if (/^[()?+[\]!}]/.test(rest)) {
      return undefined;
    } else {
      put({ text: rest.slice(0, 1) });
      index += 1;
    }
  }
  return stack.length === 1 ? stack[0] : undefined;
}

function plain(name: string): string {
  return name.replaceAll(/^"|"$/g, "").replaceAll(/\\(.)/g, "$1").replaceAll(/[{}/]/g, "_");
}

/** Each optional part is there or not, on its own: the shortest ways first. */
function expand(tokens: readonly Token[]): readonly (readonly Token[])[] {
  let variants: readonly (readonly Token[])[] = [[]];
  for (const token of tokens) {
    const ways = "optional" in token ? [[], ...expand(token.optional)] : [[token]];
    variants = variants.flatMap((variant) => ways.map((way) => [...variant, ...way]));
    if (variants.length > MAX_VARIANTS) return variants;
  }
  return variants;
}

function templateOf(tokens: readonly Token[]): TemplatedPath {
  const parameters: string[] = [];
  const wildcards: string[] = [];
  let path = "";
  for (const token of tokens) {
    // Literal braces would be a parameter, and the others would end the path.
    if ("text" in token) path += token.text.replaceAll(/[{}?#]/g, encodeURIComponent);
    else if ("name" in token) {
      const name = uniqueName(token.name, parameters);
      parameters.push(name);
      if (token.wild) wildcards.push(name);
      path += `{${name}}`;
    }
  }
  return { path: path === "" ? "/" : path, parameters, wildcards };
}

/** Express 4 allows a name twice; OpenAPI does not. */
function uniqueName(name: string, taken: readonly string[]): string {
  let unique = name;
  for (let count = 2; taken.includes(unique); count += 1) unique = `${name}${count}`;
  return unique;
}
