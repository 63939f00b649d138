import type { Request } from "express";
import {
  covers,
  coversEverything,
  opens,
  type PathPattern,
  parsePathPattern,
  restricts,
} from "../../core/http/path-pattern.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import {
  DURATION,
  formatDuration,
  quantityRange,
  wrongQuantity,
} from "../../core/options/quantity.js";
import { describeValue, isHarmless, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { Timeout } from "./deadline.js";

/** The timeout of the requests that a pattern covers. */
interface TimeoutRow {
  readonly pattern: PathPattern;
  readonly timeout: Timeout;
  /** Whether it grants more than the others have. */
  readonly isLonger: boolean;
}

const RANGE = { min: "1ms", max: "1d", default: "30s" } as const;
const EXAMPLE = '{ "POST /uploads/*": "10m", "GET /events": "none" }';

/** @returns `undefined` when the text is no duration within the bounds, and not `"none"`. */
export function parseTimeout(text: unknown): Timeout | undefined {
  if (text === "none") return { milliseconds: undefined, text };
  const { min, max } = quantityRange(RANGE, DURATION);
  const milliseconds = typeof text === "string" ? DURATION.parse(text) : undefined;
  if (milliseconds === undefined || milliseconds < min || milliseconds > max) return undefined;
  return { milliseconds, text: formatDuration(milliseconds) };
}

/** What is wrong with a text that {@link parseTimeout} does not take, as the rest of a sentence. */
export function wrongTimeout(value: unknown): string {
  const problem = wrongQuantity(value, quantityRange(RANGE, DURATION), DURATION);
  return problem.replace(/^must be /, 'must be "none" or ');
}

/** Reads a duration as one. */
export function readTimeout<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
  presence: { readonly required?: boolean } = {},
): Timeout {
  const milliseconds = reader.duration(key, { ...RANGE, ...presence });
  return { milliseconds, text: formatDuration(milliseconds) };
}

/**
 * Reads the timeouts of single routes, and makes what tells the one of a request: that of the first row that covers it. A
 * row that grants more than `usual` covers the exact spelling of a path alone, one that grants less every spelling.
 */
export function readTimeouts(
  reader: OptionsReader<"routes">,
  usual: Timeout,
): (req: Request) => Timeout {
  const rows = readRows(reader, usual);
  return function timeoutOf(req) {
    for (const { pattern, timeout, isLonger } of rows) {
      if (isLonger ? opens(pattern, req) : restricts(pattern, req)) return timeout;
    }
    return usual;
  };
}

function readRows(reader: OptionsReader<"routes">, usual: Timeout): readonly TimeoutRow[] {
  const table = reader.raw("routes");
  if (table === undefined) return [];
  const path = `${reader.path}.routes`;
  if (!isPlainObject(table) || Object.keys(table).length === 0) {
    const got = isPlainObject(table) ? "an empty one" : describeValue(table);
    reader.note(
      "routes",
      `must be an object of timeouts by their patterns, got ${got}: write ${EXAMPLE}`,
    );
    return [];
  }
  const rows: TimeoutRow[] = [];
  Object.entries(table).forEach(([text, value], order) => {
    const name = isHarmless(text) ? `["${text}"]` : ` (row ${order + 1})`;
    const row = readRow(text, value, usual);
    const problem = typeof row === "string" ? row : orderFault(row, rows);
    if (problem !== undefined) reader.problems.note(`${path}${name}`, problem);
    if (typeof row !== "string") rows.push(row);
  });
  return rows;
}

/** The row, or what is wrong with it. */
function readRow(text: string, value: unknown, usual: Timeout): TimeoutRow | string {
  const pattern = parsePathPattern(text);
  if (isRefused(pattern)) return pattern.refused;
  if (coversEverything(pattern)) {
    return "must not cover every route: write timeout, and name the routes that need another one";
  }
  const timeout = parseTimeout(value);
  if (timeout === undefined) return wrongTimeout(value);
  const isLonger = (timeout.milliseconds ?? Infinity) > (usual.milliseconds ?? Infinity);
  if (!isLonger && pattern.slash === true) {
    return `must not end with "/": write "${text.slice(0, -1)}"`;
  }
  return { pattern, timeout, isLonger };
}

/** A row behind one that covers it would never count. */
function orderFault({ pattern }: TimeoutRow, earlier: readonly TimeoutRow[]): string | undefined {
  const above = earlier.find((row) => covers(row.pattern, pattern));
  return above === undefined
    ? undefined
    : `must stand above "${above.pattern.text}", which covers it: the first row that covers a request counts`;
}
