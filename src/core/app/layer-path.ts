import type { Layer } from "./app-layers.js";

/** What the path of a mounted layer takes from the front of a request's path. */
export interface LayerMatch {
  /** How many characters it takes. */
  readonly length: number;
  /**
   * The path as the app declared it, such as `/users/:id`; `undefined` where that cannot be told for certain: then what
   * was taken may be a value.
   */
  readonly template: string | undefined;
}

/** The members of a layer that say what it was mounted at. */
interface MountedLayer extends Layer {
  /** Router 2.3 (Express 5.3) and later. */
  readonly rawPath?: unknown;
  readonly matchers?: unknown;
  readonly slash?: unknown;
  /** Express 4. */
  readonly regexp?: unknown;
  readonly keys?: unknown;
}

/** One of the paths that an expression of Express 4 was made of. */
export interface DeclaredPath {
  readonly expression: RegExp;
  readonly template: string;
}

type Matcher = (path: string) => false | { readonly path: string; readonly params: object };

const EVERYTHING: LayerMatch = { length: 0, template: "" };
/** What stands behind each path that Express 4 turned into an expression for a mount. */
const TAIL = /(?:\\\/\?)?\(\?=\\\/\|\$\)$/;
/** Between two such expressions, of a list of paths. */
const NEXT_PATH = /(?<=\(\?=\\\/\|\$\))\|(?=\^)/;
/**
 * What Express 4 makes of the parts of a path: a parameter (with the slash in front of it inside, since 0.1.8 of
 * path-to-regexp), one behind text of the same segment, a star, an escaped character, plain characters.
 */
const PART =
  /\(\?:(?<slash>\\\/)?\(\[\^\\?\/\]\+\?\)\)(?<optional>\??)|(?<behind>\(\?:\(\(\?:\(\?!\\\/\|[^()]*\)\.\)\+\?\)\))|(?<star>\(\.\*\))|\\(?<escaped>[^\w\s])|(?<plain>[\w~!@%&=:;,'"<>#-]+)/y;

const declared = new WeakMap<RegExp, readonly DeclaredPath[] | null>();

/**
 * Matches a path against what a router, an app or a middleware is mounted at, without a trace on the layer. It reads
 * private members of Express 4 and 5; where they are not what is known, or an expression keeps a state, it says nothing.
 *
 * @returns `undefined` when it does not match, or nobody can tell.
 */
export function matchMount(layer: Layer, path: string): LayerMatch | undefined {
  const { matchers, slash, regexp } = layer as MountedLayer;
  try {
    if (Array.isArray(matchers)) return slash === true ? EVERYTHING : matchRouter2(layer, path);
    return regexp instanceof RegExp ? matchExpress4(layer, regexp, path) : undefined;
  } catch {
    // A parameter that cannot be decoded, or a member of another kind.
    return undefined;
  }
}

/**
 * The paths that Express 4 made the expression of a mounted layer of, each with its part of the expression; `undefined`
 * when the layer has none, or it is not exactly what Express makes of paths.
 */
export function declaredTemplates(layer: Layer): readonly DeclaredPath[] | undefined {
  const { regexp, keys } = layer as MountedLayer;
  return regexp instanceof RegExp ? declaredPaths(regexp, keys) : undefined;
}

function matchRouter2(layer: MountedLayer, path: string): LayerMatch | undefined {
  const { rawPath } = layer;
  const paths: readonly unknown[] = Array.isArray(rawPath) ? rawPath : [rawPath];
  for (const [index, match] of (layer.matchers as Matcher[]).entries()) {
    const pattern = paths[index];
    // Only of an expression that can be seen it is known that trying it changes nothing.
    if (pattern instanceof RegExp ? isStateful(pattern) : match.name !== "match") return undefined;
    const found = match(path);
    if (found === false) continue;
    if (!isFront(found.path, path)) return undefined;
    return { length: found.path.length, template: templateOf(pattern, found) };
  }
  return undefined;
}

function templateOf(pattern: unknown, found: { path: string; params: object }): string | undefined {
  if (typeof pattern === "string") return withoutSlash(pattern);
  // Before router 2.3: text that was matched without a parameter is the text of the path.
  if (pattern === undefined && Object.keys(found.params).length === 0)
    return withoutSlash(found.path);
  return undefined;
}

function matchExpress4(
  layer: MountedLayer,
  regexp: RegExp & { fast_slash?: unknown; fast_star?: unknown },
  path: string,
): LayerMatch | undefined {
  if (regexp.fast_slash === true) return EVERYTHING;
  if (regexp.fast_star === true) return { length: path.length, template: "/*" };
  if (isStateful(regexp)) return undefined;
  const taken = regexp.exec(path)?.[0];
  if (taken === undefined || !isFront(taken, path)) return undefined;
  const paths = declaredPaths(regexp, layer.keys);
  const template = paths?.find(({ expression }) => expression.test(path))?.template;
  return { length: taken.length, template };
}

function declaredPaths(regexp: RegExp, keys: unknown): readonly DeclaredPath[] | undefined {
  let paths = declared.get(regexp);
  if (paths === undefined) {
    paths = readPaths(regexp, Array.isArray(keys) ? keys : []) ?? null;
    declared.set(regexp, paths);
  }
  return paths ?? undefined;
}

/** The paths that the expression was made of; `undefined` when it is not exactly what Express makes of paths. */
function readPaths(
  { source, flags }: RegExp,
  keys: readonly { readonly name?: unknown }[],
): readonly DeclaredPath[] | undefined {
  const names = keys.map(({ name }) => String(name));
  const bare = /^\(\?:(\^.*)\)$/.exec(source)?.[1] ?? source;
  const paths: DeclaredPath[] = [];
  for (const expression of bare.split(NEXT_PATH)) {
    const template = readPath(expression, names);
    if (template === undefined) return undefined;
    paths.push({ expression: new RegExp(expression, flags), template });
  }
  return paths;
}

/** @param names - Of the parameters. Those of this path are taken out. */
function readPath(expression: string, names: string[]): string | undefined {
  const tail = TAIL.exec(expression);
  if (tail === null || !expression.startsWith("^")) return undefined;
  let template = "";
  for (let position = 1; position < tail.index; position = PART.lastIndex) {
    PART.lastIndex = position;
    const groups = PART.exec(expression)?.groups;
    if (groups === undefined || PART.lastIndex > tail.index) return undefined;
    const { slash, optional = "", star, escaped, plain } = groups;
    const text = escaped ?? plain;
    if (text !== undefined) template += text;
    else {
      const name = names.shift();
      if (name === undefined) return undefined;
      template += star === undefined ? `${slash ? "/" : ""}:${name}${optional}` : "*";
    }
  }
  return withoutSlash(template);
}

/** Whether Express would mount there: at the front of the path, up to the end of a segment. */
function isFront(taken: string, path: string): boolean {
  const next = path[taken.length];
  return path.startsWith(taken) && (next === undefined || next === "/" || taken.endsWith("/"));
}

/** Whether trying the expression would move where it goes on. */
function isStateful(expression: RegExp): boolean {
  return expression.global || expression.sticky;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}
