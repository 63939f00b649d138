import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./package-manifest.js";

/** A page of docs/reference. */
export interface ReferencePage {
  /** Such as `rate-limit.md`. */
  readonly name: string;
  readonly text: string;
  readonly tables: readonly Table[];
}

/** A table of a page. */
export interface Table {
  /** The comment above it, such as `options: RateLimitPolicy`; empty when there is none. */
  readonly mark: string;
  /** The head of each column, in lower case. */
  readonly head: readonly string[];
  /** The cells of each row, by the head of their column. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** A table, with the comment that may stand above it. */
const TABLE = /(?:^<!-- (.+) -->\n\n?)?((?:^\|.*\n)+)/gm;
const FENCE = /^```[\s\S]*?^```$/gm;

/** All pages of docs/reference. */
export function referencePages(): readonly ReferencePage[] {
  const folder = join(root, "docs", "reference");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), "utf8").replaceAll(FENCE, "");
      return { name, text, tables: tablesOf(text) };
    });
}

/** The names behind the colon of a mark such as `options: A, B`. */
export function namesInMark(table: Table, kind: string): readonly string[] {
  return table.mark.startsWith(`${kind}: `) ? table.mark.slice(kind.length + 2).split(", ") : [];
}

/** What stands in backticks. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span.replaceAll("\\|", "|"));
}

/** The tables of a text without code blocks. */
export function tablesOf(text: string): readonly Table[] {
  return [...`${text}\n`.matchAll(TABLE)].map(([, mark = "", table = ""]) => {
    const [head = [], , ...rows] = table.trim().split("\n").map(cellsOf);
    const names = head.map((name) => name.replaceAll("`", "").toLowerCase());
    return {
      mark,
      head: names,
      rows: rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? ""]))),
    };
  });
}

function cellsOf(line: string): readonly string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim());
}
