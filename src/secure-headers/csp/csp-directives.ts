import type { OptionsReader } from "../../core/options/options-reader.js";
import { unknownOption } from "../../core/options/spelling.js";
import { describeValue, isPlainObject, unsetFault } from "../../core/options/value.js";

/** Directives by name, in helmet's terms. */
export type Directives = Readonly<Record<string, unknown>>;

type Note = (fault: string) => void;

const NO_FUNCTIONS =
  "must not hold functions: the header is computed once, at start-up, so a nonce would never change. Write csp: { nonce: true }";
/** Whoever can put a script into a page can read it there. */
const FIXED_NONCE =
  "must not hold a nonce, one that never changes stops nothing: write csp: { nonce: true }";

/**
 * The directives of CSP Level 3, and those of other standards.
 * @see https://www.iana.org/assignments/content-security-policy-directives
 */
export const CSP_DIRECTIVES: readonly string[] =
  `base-uri block-all-mixed-content child-src connect-src default-src fenced-frame-src font-src form-action
  frame-ancestors frame-src img-src manifest-src media-src navigate-to object-src plugin-types prefetch-src report-to
  report-uri require-sri-for require-trusted-types-for sandbox script-src script-src-attr script-src-elem style-src
  style-src-attr style-src-elem trusted-types upgrade-insecure-requests worker-src`.split(/\s+/);

/**
 * Reads `directives`: the user's over those that they change. Problems are noted.
 *
 * @returns What helmet takes, or `undefined` when it is no object.
 */
export function readDirectives<Key extends string>(
  own: OptionsReader<Key>,
  option: Key,
  changed: Directives,
): Directives | undefined {
  const given = own.has(option) ? own.raw(option) : {};
  if (!isPlainObject(given)) {
    own.problem(option, "an object of directives");
    return undefined;
  }
  const merged: Record<string, unknown> = Object.create(null);
  const names = new Set(Object.keys(given).map(dashed));
  for (const [name, value] of Object.entries(changed)) if (!names.has(name)) merged[name] = value;
  for (const name of Object.keys(given)) {
    // Browsers ignore a directive that they do not know: the page would go without its protection.
    if (CSP_DIRECTIVES.includes(dashed(name)))
      merged[name] = readDirective(given[name], (fault) =>
        own.problems.note(`${own.path}.${option}[${JSON.stringify(name)}]`, fault),
      );
    else {
      const meant = dashed(name.replace(/-?[sS]ource$/, "-src"));
      const hints = CSP_DIRECTIVES.includes(meant) ? { [name]: meant } : {};
      own.note(option, unknownOption(name, CSP_DIRECTIVES, hints));
    }
  }
  return merged;
}

function readDirective(value: unknown, note: Note): unknown {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
    if (typeof value === "function") note(NO_FUNCTIONS);
    else if (typeof value === "string") checkSource(value, note);
    // helmet has a symbol for "no default-src", and refuses all others.
    else if (value !== null && typeof value !== "symbol")
      note(`must hold strings, got ${describeValue(value)}`);
    return value;
  }
  // A generator can be walked once only, and what the user's list holds later must not matter.
  const elements = [...(value as Iterable<unknown>)];
  if (elements.some((element) => typeof element === "function")) note(NO_FUNCTIONS);
  // By its place: what is wrong may be `undefined`, as an unset variable gives it.
  const odd = elements.findIndex(
    (element) => (typeof element !== "string" || element === "") && typeof element !== "function",
  );
  if (odd !== -1) note(`must hold strings, got ${describeValue(elements[odd])}`);
  const sources = elements.filter((element) => typeof element === "string");
  for (const source of sources) checkSource(source, note);
  return sources;
}

function checkSource(source: string, note: Note): void {
  const fault = /'nonce-/i.test(source) ? FIXED_NONCE : unsetFault(source);
  if (fault !== undefined) note(fault);
}

/** The name of a directive as browsers know it: `script-src` for `scriptSrc`. */
export function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
