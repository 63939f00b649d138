/** Which of the characters that a pattern tells apart each of its atoms takes. */
export interface CharacterClasses {
  /** Characters that all atoms treat alike are one. */
  readonly count: number;
  /** The numbers of the classes that an atom takes: `[a-z]`, `\d`, `x`. */
  readonly of: (atom: string) => ReadonlySet<number>;
}

/** A character of each general category and of the larger scripts, beside ASCII. */
const SAMPLE = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCodePoint(code)),
  ..."éßªǅʰΩяאعअঅਅઅଅஅఅಅഅඅกກཀကაᄀ한አᎠᐁកあアㄅ中ꀀ𐀀𝐀",
  ..."\u0301\u0903\u0488٣Ⅷ²‿–⁅⁆«»¡±€¨©\u00a0\u2028\u2029\u0085\u200b\ue000\u0378😀🇦🏽",
];

/** Finds the classes of the atoms of one pattern. */
export function classifyCharacters(atoms: ReadonlySet<string>): CharacterClasses {
  const tests = [...atoms].map((atom) => new RegExp(`^(?:${atom})$`, "u"));
  const sample = new Set([...SAMPLE, ...[...atoms].flatMap(namedCharacters)]);
  const classes = new Map<string, number>();
  const taken = tests.map(() => new Set<number>());
  for (const character of sample) {
    const signature = tests.map((test) => (test.test(character) ? "1" : "0")).join("");
    if (!signature.includes("1") || classes.has(signature)) continue;
    const number = classes.size;
    classes.set(signature, number);
    for (const [index, bit] of [...signature].entries()) if (bit === "1") taken[index]?.add(number);
  }
  // Atoms that take none of the sample may well take the same.
  const rare = classes.size;
  const byAtom = new Map([...atoms].map((atom, index) => [atom, taken[index]]));
  return {
    count: rare + 1,
    of: (atom) => {
      const found = byAtom.get(atom);
      return found === undefined || found.size === 0 ? new Set([rare]) : found;
    },
  };
}

/** The characters beyond ASCII that an atom names, such as the ends of its ranges, and their neighbours. */
function namedCharacters(atom: string): string[] {
  const escapes = [...atom.matchAll(/\\u\{([\dA-Fa-f]+)\}|\\u([\dA-Fa-f]{4})|\\x([\dA-Fa-f]{2})/g)];
  const codes = [
    ...escapes.map(([, long, short, byte]) => Number.parseInt(long ?? short ?? byte ?? "", 16)),
    ...[...atom].map((character) => character.codePointAt(0) ?? 0),
  ];
  return codes
    .filter((code) => code >= 128)
    .flatMap((code) => [code - 1, code, code + 1])
    .filter((code) => code <= 0x10ffff)
    .map((code) => String.fromCodePoint(code));
}
