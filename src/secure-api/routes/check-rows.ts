import { covers, type PathPattern } from "../../core/http/path-pattern.js";
import type { ProblemList } from "../../core/options/problem-list.js";
import { contains, containsPath, overlap } from "./pattern-relations.js";
import type { Row } from "./read-rows.js";

/** What `otherwise` says of requests that no row decides about. */
export type Otherwise = "authenticated" | "deny";

/** A pattern that opens routes, and where it stands. */
export interface OpenPattern {
  readonly path: string;
  readonly pattern: PathPattern;
  /** Whether a token that is sent must be valid there. */
  readonly isOptional: boolean;
}

/** Notes rows that contradict each other, and rows that no request can reach. */
export function checkRows(
  problems: ProblemList,
  rows: readonly Row[],
  opened: readonly OpenPattern[],
  otherwise: Otherwise,
): void {
  const deciding = rows.filter(decides);
  // A table may have thousands of rows: none is held against all others, but for few reasons.
  const closing = rows.filter(
    ({ access, methods }) => access === "denied" || methods !== undefined,
  );
  const known = [...opened, ...rows].map(({ pattern }) => pattern);
  const firstOf = new Map<string, Row>();
  for (const row of rows) {
    const note = (sentence: string): void => problems.note(row.path, sentence);
    const spelling = spellingOf(row.pattern);
    const same = firstOf.get(spelling);
    if (same === undefined) firstOf.set(spelling, row);
    else {
      note(
        `must be one row with ${quote(same)}: both cover the same requests, in whatever spelling`,
      );
      continue;
    }
    noteUnreachable(note, row, closing);
    noteExcept(problems, row, known);
    if (otherwise === "deny" && row.access === "unsaid" && row.methods === undefined) {
      const reached = [...deciding, ...opened].some((one) => overlap(one.pattern, row.pattern));
      if (!reached) {
        note(
          'must say who may call: with otherwise: "deny" no request passes. Write authorize: authenticated() or public: "why it is open"',
        );
      }
    }
  }
  const optional = rows.filter(({ access }) => access === "optional");
  for (const { path, pattern, isOptional } of opened) {
    const looking = isOptional
      ? undefined
      : optional.find((row) => overlap(pattern, row.pattern) && !names(row, pattern));
    if (looking !== undefined) {
      problems.note(
        path,
        `must not open to tokens of any kind where ${quote(looking)} says that they must be valid: write except: ["${pattern.text}"] in that row, or leave it out here`,
      );
    }
    const restricting = deciding.find(
      (row) => overlap(pattern, row.pattern) && !names(row, pattern),
    );
    if (restricting === undefined) continue;
    problems.note(
      path,
      `must not open what ${quote(restricting)} restricts: write except: ["${pattern.text}"] in that row, or leave it out here`,
    );
  }
}

/** Whether the row says who may call. Rows that only limit or validate are no restrictions. */
function decides({ access }: Row): boolean {
  return access === "restricted" || access === "denied";
}

/** The paths of which rows name some methods only, as texts: their other methods fall to `otherwise`. */
export function methodsLeft(rows: readonly Row[]): readonly string[] {
  const deciding = rows.filter(decides);
  const ofEveryMethod = deciding.filter(({ pattern }) => pattern.method === undefined);
  const left = new Map<string, Row[]>();
  for (const row of deciding) {
    if (row.pattern.method === undefined) continue;
    if (ofEveryMethod.some(({ pattern }) => containsPath(pattern, row.pattern))) continue;
    const spelling = spellingOf({ ...row.pattern, method: undefined });
    const known = left.get(spelling);
    if (known === undefined) left.set(spelling, [row]);
    else known.push(row);
  }
  return [...left.values()].map((same) => {
    const methods = same.map(({ pattern }) => pattern.method);
    if (methods.includes("GET") && !methods.includes("HEAD")) methods.push("HEAD");
    return `${pathOf(same[0] as Row)} except ${methods.join(", ")}`;
  });
}

function noteUnreachable(note: (sentence: string) => void, row: Row, rows: readonly Row[]): void {
  const denying = rows.find(
    (other) =>
      other !== row &&
      other.access === "denied" &&
      contains(other.pattern, row.pattern) &&
      !isExcepted(other, row),
  );
  if (denying !== undefined) note(`is never reached: ${quote(denying)} denies all that it covers`);
  const wanted =
    row.methods ?? (row.pattern.method === undefined ? undefined : [row.pattern.method]);
  const closing = rows.find(
    ({ methods, pattern }) =>
      wanted !== undefined &&
      methods !== undefined &&
      containsPath(pattern, row.pattern) &&
      !wanted.some((method) => methods.includes(method)),
  );
  if (closing !== undefined)
    note(`is never reached: ${quote(closing)} enables none of its methods`);
}

function noteExcept(problems: ProblemList, row: Row, known: readonly PathPattern[]): void {
  row.except.forEach((exemption, index) => {
    const place = row.except.length === 1 ? "" : `[${index}]`;
    const note = (sentence: string): void => problems.note(`${row.path}.except${place}`, sentence);
    if (!overlap(exemption, row.pattern)) {
      note("must be a pattern that shares requests with that of the row");
    } else if (covers(exemption, row.pattern) || contains(exemption, row.pattern)) {
      note("must leave something to the row: the pattern covers all of it");
    } else if (!known.some((pattern) => pattern !== row.pattern && overlap(pattern, exemption))) {
      note("must be what another row or publicRoutes decides about: nothing else covers it");
    }
  });
}

/** Whether the row leaves all that the inner one covers to others. */
function isExcepted({ except }: Row, inner: Row): boolean {
  return except.some((exemption) => contains(exemption, inner.pattern));
}

/** Whether the row names exactly this pattern among those that it says nothing about. */
function names({ except }: Row, pattern: PathPattern): boolean {
  return except.some((exemption) => exemption.text === pattern.text);
}

/** The same for patterns that cover the same requests. A public pattern with a slash at the end is another one. */
function spellingOf({ method = "*", segments, below, slash }: PathPattern): string {
  const path = segments.map((literal) => literal?.toLowerCase() ?? ":").join("/");
  return `${method} /${path}${below ? "/*" : ""}${slash ? "/" : ""}`;
}

function quote({ pattern }: Row): string {
  return `the row "${pattern.text}"`;
}

function pathOf({ pattern: { text } }: Row): string {
  return text.slice(text.indexOf("/"));
}
