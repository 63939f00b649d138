import {
  checkStructure,
  type ResolvedLimits,
  readLimits,
} from "../../core/structure/check-structure.js";
import type { ParsedBody } from "./body-handler.js";
import { decodeUtf8 } from "./decode-body.js";

/** How a form is read. */
export interface FormSettings {
  readonly fields: number;
  /** Whether brackets in names make objects and lists. */
  readonly extended: boolean;
  readonly depth: number;
}

/** What the names that begin alike lead to: values, or members. Never both. */
interface FormNode {
  readonly values: string[];
  /** Whether a name ends in `[]`: then one value is a list as well. */
  isList: boolean;
  members: Record<string, FormNode> | undefined;
}

type FormFault = Extract<ParsedBody, string>;

/** A name of the extended syntax: `a`, `a[b]`, `a[0][b]`, `a[]`. Other brackets are read in different ways. */
const NAME = /^[^[\]]+(?:\[[^[\]]*\])*$/;
/** What parsers flatten, or do not. */
const LIST_OF_LISTS = /\[\]\[\d*\]/;
const INDEX = /^(?:0|[1-9]\d{0,8})$/;
/** Where qs looks for the end of the name. Browsers escape both characters in values. */
const BRACKET_EQUALS = /(?:\]|%5D)=/i;
const BAD_ESCAPE = /%(?![\dA-Fa-f]{2})/;
/** Up to here an index makes a list, as in body-parser, and above it if there are more fields; else it is a name. */
const LEAST_LIST = 100;

/** Makes the check of the structure: `limit` bounds the length of values already, and `fields` their number. */
export function formLimits({ fields, depth }: FormSettings): ResolvedLimits {
  return {
    ...readLimits(undefined),
    depth,
    items: fields,
    keys: fields,
    nodes: Number.MAX_SAFE_INTEGER,
    stringLength: Number.MAX_SAFE_INTEGER,
  };
}

/**
 * Reads `application/x-www-form-urlencoded`: what `express.urlencoded()` makes of it where all parsers agree; what they
 * read in different ways, or repair silently, is refused. The work is linear in the size of the body.
 *
 * @param bare - Whether the object has no prototype.
 * @see https://url.spec.whatwg.org/#urlencoded-parsing
 */
export function parseForm(
  bytes: Buffer,
  settings: FormSettings,
  limits: ResolvedLimits,
  bare: boolean,
): ParsedBody {
  const text = decodeUtf8(bytes);
  if (text === undefined) return "invalid_encoding";
  if (countOf(text) > settings.fields) return "structure_too_large";
  if (BAD_ESCAPE.test(text)) return "malformed_body";
  const root = newNode();
  let count = 0;
  for (const pair of text.split("&")) {
    count += 1;
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    // Others read a name up to there: the form would have another field for them.
    if (equals !== -1 && BRACKET_EQUALS.test(pair.slice(equals + 1))) return "malformed_body";
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? "" : decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return "invalid_encoding";
    if (name === "" || isInBrackets(name)) return "malformed_body";
    const fault = add(root, name, value, settings);
    if (fault !== undefined) return fault;
  }
  const value = membersOf(root.members, bare, Math.max(LEAST_LIST, count));
  return checkStructure(value, limits) ?? { value };
}

/** qs, and so Express, takes brackets around the whole name off, also where it makes no objects of them. */
function isInBrackets(name: string): boolean {
  return name.startsWith("[") && name.endsWith("]");
}

function newNode(): FormNode {
  return { values: [], isList: false, members: undefined };
}

/** Fields, empty ones included: what comes between two ampersands. */
function countOf(text: string): number {
  let count = 1;
  for (let at = text.indexOf("&"); at !== -1; at = text.indexOf("&", at + 1)) count += 1;
  return count;
}

/** `undefined` for bytes that are not UTF-8. */
function decode(text: string): string | undefined {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function add(
  root: FormNode,
  name: string,
  value: string,
  settings: FormSettings,
): FormFault | undefined {
  const path = settings.extended ? pathOf(name) : [name];
  if (path === undefined) return "malformed_body";
  const isList = path.length > 1 && path.at(-1) === "";
  if (isList) path.pop();
  if (path.length >= settings.depth + (isList ? 0 : 1)) return "structure_too_deep";
  let node = root;
  for (const segment of path) {
    if (segment === "__proto__") return "forbidden_key";
    if (node.values.length > 0) return "duplicate_key";
    node.members ??= Object.create(null) as Record<string, FormNode>;
    // An empty pair of brackets in the middle: all names with it are about one item.
    const key = segment === "" ? "0" : segment;
    node.members[key] ??= newNode();
    node = node.members[key];
  }
  if (node.members !== undefined) return "duplicate_key";
  if (node.values.length > 0 && node.isList !== isList) return "duplicate_key";
  node.values.push(value);
  node.isList = isList;
  return undefined;
}

function pathOf(name: string): string[] | undefined {
  if (!name.includes("[") && !name.includes("]")) return [name];
  if (!NAME.test(name) || LIST_OF_LISTS.test(name)) return undefined;
  return name.slice(0, -1).split(/\]?\[/);
}

/** Recursive: names with more brackets than `depth` were refused. */
function readNode(node: FormNode, mostItems: number): unknown {
  const { values, isList, members } = node;
  if (members === undefined) return values.length === 1 && !isList ? values[0] : values;
  const names = Object.keys(members);
  if (!names.every((name) => INDEX.test(name) && Number(name) < mostItems)) {
    return membersOf(members, false, mostItems);
  }
  // Names that are indexes come in ascending order. Gaps are closed, as body-parser does.
  return names.map((name) => readNode(members[name] as FormNode, mostItems));
}

function membersOf(
  members: Readonly<Record<string, FormNode>> | undefined,
  bare: boolean,
  mostItems: number,
): Record<string, unknown> {
  const object: Record<string, unknown> = bare ? Object.create(null) : {};
  for (const name of Object.keys(members ?? {})) {
    object[name] = readNode((members as Record<string, FormNode>)[name] as FormNode, mostItems);
  }
  return object;
}
