import type { Request } from "express";
import { overridesMethod } from "../http/first-party.js";
import { coversMethod, type PathPattern } from "../http/path-pattern.js";
import { isPlainPath, readingsOf } from "../http/paths/path-readings.js";

interface Indexed {
  readonly pattern: PathPattern;
  /** Its place in the table. */
  readonly order: number;
}

/** What begins with the same segments. */
interface Node<Row> {
  readonly literals: Map<string, Node<Row>>;
  parameter: Node<Row> | undefined;
  /** Rows that end here. */
  readonly exact: Row[];
  /** Rows that cover this and everything below it. */
  readonly below: Row[];
}

/** Has no segment of its own in a path, so that an encoded slash stays inside of one. */
const SLASH_INSIDE = "\0";

/**
 * Finds the rows whose patterns cover a request, as `restricts` does for one of them. A path costs its own length, and
 * not the number of rows: they are looked up segment by segment.
 */
export class PatternIndex<Row extends Indexed> {
  readonly #root: Node<Row> = createNode();
  #depth = 0;

  constructor(rows: readonly Row[]) {
    for (const row of rows) this.#add(row);
  }

  /** The rows in the order of the table; `undefined` when there is none. */
  find(req: Request): Row[] | undefined {
    const path = req.baseUrl + req.path;
    let found: Row[] | undefined;
    if (isPlainPath(path)) found = walk(this.#root, path, 0, undefined);
    else {
      for (const reading of readingsOf(path, this.#depth)) {
        const text = reading.map((segment) => segment.replaceAll("/", SLASH_INSIDE)).join("/");
        found = walk(this.#root, text, 0, found);
      }
    }
    const rows = found === undefined ? undefined : withMethod(found, req);
    return rows === undefined || rows.length === 1 ? rows : rows.sort(byOrder);
  }

  #add(row: Row): void {
    let node = this.#root;
    const { segments, below } = row.pattern;
    this.#depth = Math.max(this.#depth, segments.length);
    for (const literal of segments) node = childOf(node, literal);
    (below ? node.below : node.exact).push(row);
  }
}

function createNode<Row>(): Node<Row> {
  return { literals: new Map(), parameter: undefined, exact: [], below: [] };
}

function childOf<Row>(node: Node<Row>, literal: string | undefined): Node<Row> {
  if (literal === undefined) {
    node.parameter ??= createNode();
    return node.parameter;
  }
  const name = literal.toLowerCase();
  const known = node.literals.get(name);
  if (known !== undefined) return known;
  const child = createNode<Row>();
  node.literals.set(name, child);
  return child;
}

/** Each node is visited once at most, and only those that the path leads to. */
function walk<Row>(
  node: Node<Row>,
  path: string,
  start: number,
  found: Row[] | undefined,
): Row[] | undefined {
  let rows = addTo(found, node.below);
  let from = start;
  while (path.charCodeAt(from) === 47) from += 1;
  if (from >= path.length) return addTo(rows, node.exact);
  if (node.literals.size === 0 && node.parameter === undefined) return rows;
  const slash = path.indexOf("/", from);
  const end = slash === -1 ? path.length : slash;
  const literal = node.literals.get(path.slice(from, end).toLowerCase());
  if (literal !== undefined) rows = walk(literal, path, end, rows);
  return node.parameter === undefined ? rows : walk(node.parameter, path, end, rows);
}

function addTo<Row>(found: Row[] | undefined, rows: readonly Row[]): Row[] | undefined {
  if (rows.length === 0) return found;
  if (found === undefined) return [...rows];
  for (const row of rows) if (!found.includes(row)) found.push(row);
  return found;
}

function byOrder(one: Indexed, other: Indexed): number {
  return one.order - other.order;
}

/** What names another method may have any. */
function withMethod<Row extends Indexed>(found: Row[], req: Request): Row[] | undefined {
  const { method } = req;
  if (found.every(({ pattern }) => coversMethod(pattern, method)) || overridesMethod(req))
    return found;
  const rows = found.filter(({ pattern }) => coversMethod(pattern, method));
  return rows.length === 0 ? undefined : rows;
}
