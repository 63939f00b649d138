import type { Layer } from "../../core/app/app-layers.js";
import { declaredTemplates } from "../../core/app/layer-path.js";
import { decodeExpression } from "../samples/decode-expression.js";
import { expressionSamples } from "../samples/expression-samples.js";
import { templateSamples } from "../samples/template-samples.js";
import type { ClosureReader } from "./closure-reader.js";

/** One of the paths that a layer was declared with. */
export interface DeclaredPath {
  /** For reports. */
  readonly text: string;
  /**
   * - `"template"`: a text with parameters, for which samples stand
   * - `"expression"`: a regular expression, of which samples say little
   * - `"unknown"`: nobody knows
   */
  readonly kind: "template" | "expression" | "unknown";
  /** That of an `"expression"`. */
  readonly expression?: RegExp;
  /** Paths that it may stand for, with `fill` where it has parameters. Some may not match. */
  samples(fill: string): readonly string[];
}

/** The members of a layer that say what it was declared with. */
interface DeclaredLayer extends Layer {
  /** Router 2.3 (Express 5.3) and later. */
  readonly rawPath?: unknown;
  readonly matchers?: unknown;
}

const EVERYTHING: DeclaredPath = { text: "", kind: "template", samples: () => [""] };
const UNKNOWN: DeclaredPath = { text: "<?>", kind: "unknown", samples: () => [] };

/** The paths at which a layer is mounted. */
export function mountPaths(
  layer: Layer,
  reader: () => ClosureReader | undefined,
): readonly DeclaredPath[] {
  const { rawPath, slash, regexp, matchers } = layer as DeclaredLayer;
  if (slash === true) return [EVERYTHING];
  if (rawPath !== undefined) return listOf(rawPath).map((path) => declared(path, undefined));
  if (isExpression(regexp)) return mountPaths4(layer, regexp);
  if (!Array.isArray(matchers)) return [UNKNOWN];
  return matchers.flatMap((match) => readMatcher(match, reader()));
}

/** The paths of a route. */
export function routePaths(layer: Layer): readonly DeclaredPath[] {
  const { path } = Object(layer.route) as { readonly path?: unknown };
  const paths = listOf(path);
  const regexps = isExpression(layer.regexp) ? partsOf(layer.regexp, paths.length) : [];
  return paths.map((item, index) => declared(item, regexps[index]));
}

/** Express 4 makes one expression of a list of paths. */
function partsOf(regexp: RegExp, count: number): readonly RegExp[] {
  const parts = regexp.source.split(/(?<=\$)\|(?=\^)/);
  if (parts.length !== count) return Array.from({ length: count }, () => regexp);
  return parts.map((part) => new RegExp(part, regexp.flags));
}

/** Whether the value is a regular expression, of this realm or of another. */
function isExpression(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}

/** @param regexp - What Express 4 made of the path: it knows its own syntax best. */
function declared(path: unknown, regexp: RegExp | undefined): DeclaredPath {
  if (isExpression(path)) return ofExpression(path);
  if (typeof path !== "string") return UNKNOWN;
  const text = path.replace(/\/+$/, "");
  if (regexp === undefined)
    return { text, kind: "template", samples: (fill) => templateSamples(text, fill) };
  return { text, kind: "template", samples: (fill) => fromExpression(regexp, fill) };
}

function mountPaths4(
  layer: Layer,
  regexp: RegExp & { fast_slash?: unknown; fast_star?: unknown },
): readonly DeclaredPath[] {
  if (regexp.fast_slash === true) return [EVERYTHING];
  if (regexp.fast_star === true)
    return [{ text: "/*", kind: "template", samples: (fill) => [`/${fill}`] }];
  const templates = declaredTemplates(layer);
  if (templates === undefined) return [ofExpression(regexp)];
  return templates.map(({ template, expression }) => ({
    text: template,
    kind: "template",
    samples: (fill) => fromExpression(expression, fill),
  }));
}

function readMatcher(match: unknown, reader: ClosureReader | undefined): readonly DeclaredPath[] {
  // Of a path the expression is among the innermost variables; of an expression that was given, one scope further out.
  const variables = reader?.scopesOf(match, 2).flat() ?? [];
  const expression = variables.filter(isExpression).find((found) => agrees(found, match));
  if (expression === undefined) return [UNKNOWN];
  const keys = variables.find(isKeys) ?? [];
  // The router makes the keys of an expression itself, and notes where each group stands.
  const isGiven =
    keys.some((key) => "offset" in key) || !/\(\?=\\\/\|\$\)$/.test(expression.source);
  const names = keys.map(({ name }) => String(name));
  const text = isGiven ? undefined : decodeExpression(expression, names);
  if (text === undefined) return [ofExpression(expression)];
  return [{ text, kind: "template", samples: (fill) => fromExpression(expression, fill) }];
}

/** Whether the function matches by this expression, and not by another one that is in sight of it. */
function agrees(expression: RegExp, match: unknown): boolean {
  if (typeof match !== "function") return false;
  if (expression.global || expression.sticky) return match.name === "regexpMatcher";
  return fromExpression(expression, "x1").some((sample) => {
    const taken = expression.exec(sample)?.[0];
    const found: unknown = match(sample);
    return taken !== undefined && (Object(found) as { readonly path?: unknown }).path === taken;
  });
}

function ofExpression(expression: RegExp): DeclaredPath {
  return {
    text: `RegExp(${expression})`,
    kind: "expression",
    expression,
    samples: (fill) => fromExpression(expression, fill),
  };
}

function fromExpression(expression: RegExp, fill: string): readonly string[] {
  return [...expressionSamples(expression, fill), ...expressionSamples(expression)];
}

function isKeys(value: unknown): value is readonly { readonly name: unknown }[] {
  return (
    Array.isArray(value) &&
    value.every((key) => typeof key === "object" && key !== null && "name" in key)
  );
}

function listOf(path: unknown): readonly unknown[] {
  return Array.isArray(path) ? path.flat(Number.POSITIVE_INFINITY) : [path];
}
