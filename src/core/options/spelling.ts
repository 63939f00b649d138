import { describeValue, isHarmless } from "./value.js";

/**
 * The candidate that was probably meant: equal but for case and separators, or at most two edits away. Two letters that
 * changed places are one edit.
 */
export function closest(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > 40) return undefined;
  const wanted = plain(written);
  let best: string | undefined;
  let bestDistance = 3;
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (other === wanted) return candidate;
    // Two edits turn "body" and "role" into "mode": short words must be nearer.
    const limit = Math.floor((Math.min(wanted.length, other.length) - 1) / 2);
    const distance = editDistance(wanted, other);
    if (distance < bestDistance && distance <= limit) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * What is wrong with an option that does not exist, as the rest of a sentence. The name is printed only when it was
 * recognised or is too short for a secret: a secret can get there, as in `{ [password]: true }`.
 */
export function unknownOption(
  written: string,
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): string {
  const fix = guess(written, known, hints);
  const printed =
    fix !== undefined || isHarmless(written) || Object.hasOwn(Object.prototype, written);
  const name = printed ? JSON.stringify(written) : `with a name of ${written.length} characters`;
  return `must not have an option ${name}: ${fix ?? `known options are ${known.join(", ")}`}`;
}

/** One of these, in words. */
export function choice(allowed: readonly string[]): string {
  return `one of ${allowed.map((name) => JSON.stringify(name)).join(", ")}`;
}

/** What is wrong with a value that is none of a closed list. It is printed only when it was recognised. */
export function wrongChoice(
  value: unknown,
  allowed: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string {
  const text = typeof value === "string" ? value : "";
  const meant = Object.hasOwn(aliases, text) ? aliases[text] : closest(text, allowed);
  const must = `must be ${choice(allowed)}, got `;
  if (meant === undefined) return must + describeValue(value);
  return `${must}${JSON.stringify(value)}: did you mean ${JSON.stringify(meant)}?`;
}

/**
 * What the writer of an unknown name is told: the sentence of the hints, or the name that was probably meant.
 *
 * @param hints - Names or sentences; what holds a blank is a sentence.
 */
function guess(
  written: string,
  known: readonly string[],
  hints: Readonly<Record<string, string>>,
): string | undefined {
  const hint = Object.hasOwn(hints, written) ? hints[written] : closest(written, known);
  if (hint === undefined) return undefined;
  return hint.includes(" ") ? hint : `did you mean "${hint}"?`;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, "");
}

function editDistance(a: string, b: string): number {
  let earlier: readonly number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const transposition = swapped ? (earlier[j - 2] ?? 0) + 1 : substitution;
      const insertion = Math.min(previous[j] ?? 0, current[j - 1] ?? 0) + 1;
      current[j] = Math.min(substitution, transposition, insertion);
    }
    earlier = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
