import { type Atom, type Choices, parseExpression, type Term } from "./parse-expression.js";
import { deep, spread } from "./spread.js";

/** More strings than this are not made of one expression: repeated choices multiply. */
const MAX_SAMPLES = 64;
const MAX_REPEATS = 64;
/** Of a class, the first of these that it has. */
const CHARACTERS = [..."1ax-_.~/ A"];

/**
 * Strings that the expression probably matches: every choice once, what is optional present and absent. Whoever uses
 * them tries them.
 *
 * @param fill - What stands in place of what the expression captures; when left out, something that fits.
 */
export function expressionSamples({ source, flags }: RegExp, fill?: string): readonly string[] {
  const choices = parseExpression(source);
  return choices === undefined ? [] : samplesOf(choices, flags, fill);
}

function samplesOf(choices: Choices, flags: string, fill: string | undefined): readonly string[] {
  const found = choices.flatMap((terms) => {
    let texts: readonly string[] = [""];
    for (const term of terms) {
      const ends = repeated(term, flags, fill);
      texts = spread(
        texts.flatMap((text) => ends.map((end) => text + end)),
        MAX_SAMPLES,
      );
    }
    return texts;
  });
  return spread(found, MAX_SAMPLES);
}

function repeated({ atom, min, max }: Term, flags: string, fill: string | undefined): string[] {
  const texts = once(atom, flags, fill);
  if (min > MAX_REPEATS) return [];
  const least = texts.map((text) => text.repeat(Math.max(min, 1)));
  if (min > 0 || max === 0) return least;
  // An optional slash at the end is left out first: what is asked for first is what people write.
  return atom.kind === "text" ? ["", ...least] : [...least, ""];
}

function once(atom: Atom, flags: string, fill: string | undefined): readonly string[] {
  if (atom.kind === "text") return [atom.text];
  if (atom.kind === "class") return characterOf(atom.source, flags);
  if (atom.captures && fill !== undefined) {
    const far = deep(fill);
    return isWhole(atom.source, flags, far) ? [fill, far] : [fill];
  }
  return samplesOf(atom.choices, flags, fill);
}

function isWhole(source: string, flags: string, text: string): boolean {
  try {
    return new RegExp(`^${source}$`, flags.replace(/[gy]/g, "")).test(text);
  } catch {
    return false;
  }
}

function characterOf(source: string, flags: string): readonly string[] {
  try {
    const expression = new RegExp(`^${source}$`, flags.replace(/[gy]/g, ""));
    const char = CHARACTERS.find((candidate) => expression.test(candidate));
    return char === undefined ? [] : [char];
  } catch {
    return [];
  }
}
