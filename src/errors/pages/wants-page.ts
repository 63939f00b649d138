import type { Request } from "express";

/** Longer than what browsers send: whoever sends more is none. */
const MAX_LENGTH = 1000;

/**
 * Whether a person will look at the answer: a browser navigates. Where the browser does not say so (old ones, and plain HTTP to
 * other machines), `Accept` has to name HTML and to prefer it to JSON. Scripts that fetch never get a page.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header
 */
export function wantsPage({ headers }: Request): boolean {
  const { "sec-fetch-mode": mode, "x-requested-with": sender, accept } = headers;
  if (mode !== undefined) return mode === "navigate";
  if (sender !== undefined || accept === undefined || accept.length > MAX_LENGTH) return false;
  return prefersHtml(accept);
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
function prefersHtml(accept: string): boolean {
  const ranges = new Map(accept.split(",").map(parseRange));
  const html = ranges.get("text/html") ?? ranges.get("text/*");
  if (html === undefined) return false;
  const any = ranges.get("application/*") ?? ranges.get("*/*") ?? 0;
  const json = ["application/json", "application/problem+json"].map(
    (type) => ranges.get(type) ?? any,
  );
  return json.every((weight) => html > weight);
}

function parseRange(text: string): readonly [range: string, weight: number] {
  const [range = "", ...parameters] = text.split(";");
  const weight = parameters.map((one) => /^\s*q\s*=\s*([\d.]+)\s*$/i.exec(one)?.[1]).find(Boolean);
  return [range.trim().toLowerCase(), weight === undefined ? 1 : Number(weight)];
}
