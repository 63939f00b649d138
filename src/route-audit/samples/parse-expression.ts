/** A part of a regular expression: what it matches, and how often. */
export interface Term {
  readonly atom: Atom;
  readonly min: number;
  readonly max: number;
}

/** What may stand at one place of a string. */
export type Atom =
  | { readonly kind: "text"; readonly text: string }
  /** One character of a class, as the class is written. */
  | { readonly kind: "class"; readonly source: string }
  | {
      readonly kind: "group";
      readonly captures: boolean;
      readonly choices: Choices;
      readonly source: string;
    };

/** The alternatives of a group, or of the whole expression. */
export type Choices = readonly (readonly Term[])[];

const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:(,)(\d*))?\})\??/y;
const CONTROL: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f", v: "\v" };

/** Gives up at what no path needs: references back, and anything that it does not know. */
class UnknownPart extends Error {}

/**
 * Reads a regular expression as far as strings that match it can be made of it. Assertions are left out: whoever makes a
 * string tries it.
 *
 * @returns `undefined` when it has a part that is not known.
 */
export function parseExpression(source: string): Choices | undefined {
  const parser = new ExpressionParser(source);
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof UnknownPart) return undefined;
    throw error;
  }
}

class ExpressionParser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Choices {
    const choices = this.#choices();
    if (this.#at < this.#source.length) throw new UnknownPart();
    return choices;
  }

  #choices(): Choices {
    const choices: Term[][] = [[]];
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      if (this.#source[this.#at] === "|") {
        this.#at += 1;
        choices.push([]);
        continue;
      }
      const atom = this.#atom();
      const { min, max } = this.#quantifier();
      if (atom !== undefined) choices.at(-1)?.push({ atom, min, max });
    }
    return choices;
  }

  /** `undefined` for an assertion. */
  #atom(): Atom | undefined {
    const char = this.#next();
    if (char === "^" || char === "$") return undefined;
    if (char === ".") return { kind: "class", source: "." };
    if (char === "[") return this.#class();
    if (char === "(") return this.#group();
    if (char === "\\") return this.#escape();
    return { kind: "text", text: char };
  }

  #class(): Atom {
    const start = this.#at - 1;
    for (let char = this.#next(); char !== "]"; char = this.#next()) {
      if (char === "\\") this.#next();
    }
    return { kind: "class", source: this.#source.slice(start, this.#at) };
  }

  #group(): Atom | undefined {
    const start = this.#at - 1;
    const opening = /\?(?:[:=!]|<[=!]|<[^>]+>)/y;
    opening.lastIndex = this.#at;
    const mark = opening.exec(this.#source)?.[0] ?? "";
    if (mark === "" && this.#source[this.#at] === "?") throw new UnknownPart();
    this.#at += mark.length;
    const choices = this.#choices();
    if (this.#next() !== ")") throw new UnknownPart();
    if (/^\?<?[=!]/.test(mark)) return undefined;
    const source = this.#source.slice(start, this.#at);
    return { kind: "group", captures: mark !== "?:", choices, source };
  }

  #escape(): Atom | undefined {
    const char = this.#next();
    if (char === "b" || char === "B") return undefined;
    if (/[dDwWsS]/.test(char)) return { kind: "class", source: `\\${char}` };
    const control = CONTROL[char];
    if (control !== undefined) return { kind: "text", text: control };
    if (/[a-z0-9]/i.test(char)) throw new UnknownPart();
    return { kind: "text", text: char };
  }

  #quantifier(): { readonly min: number; readonly max: number } {
    QUANTIFIER.lastIndex = this.#at;
    const found = QUANTIFIER.exec(this.#source);
    if (found === null) return { min: 1, max: 1 };
    this.#at = QUANTIFIER.lastIndex;
    const [text, count, comma, most] = found;
    if (count !== undefined) {
      const max = comma === undefined ? Number(count) : most ? Number(most) : Infinity;
      return { min: Number(count), max };
    }
    return { min: text.startsWith("+") ? 1 : 0, max: text.startsWith("?") ? 1 : Infinity };
  }

  #next(): string {
    const char = this.#source[this.#at];
    if (char === undefined) throw new UnknownPart();
    this.#at += 1;
    return char;
  }
}
