/** Accents of all scripts, and characters that nobody sees: databases take names with and without them for the same. */
const IGNORED = /[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu;
/**
 * What else has no weight at the first level of the collation of Unicode: lengtheners, nasal and other signs that take up
 * space, and forms of Arabic accents that stand alone. A name with one of them anywhere equals the name without.
 */
const WEIGHTLESS = new RegExp(
  [
    "[\\u0640\\u07fa\\u0824\\u0828\\u0903\\u0982\\u0983\\u0a03\\u0a83\\u0b02\\u0b03\\u0c01-\\u0c03\\u0c82\\u0c83\\u0cf3",
    "\\u0d02\\u0d03\\u0d82\\u0d83\\u0f3e\\u0f3f\\u0f7f\\u1038\\u17c7\\u17c8\\u180a\\u1b04\\u1b82\\u1cd3\\u1ce1",
    "\\u1cf2\\u1cf3\\u1cf7\\u302e\\u302f\\ua880\\ua881\\ua983\\uabec\\ufc5e-\\ufc63\\ufcf2-\\ufcf4\\ufe70-\\ufe74",
    "\\ufe76-\\ufe7f\\u{11000}\\u{11002}\\u{11082}\\u{11182}\\u{11302}\\u{11303}\\u{113ca}\\u{113cc}\\u{113cd}",
    "\\u{11445}\\u{114c1}\\u{115be}\\u{1163e}\\u{116ac}\\u{11838}\\u{119de}\\u{119df}\\u{11a39}\\u{11a97}\\u{11c3e}",
    "\\u{11d96}\\u{11f03}\\u{16ff0}\\u{16ff1}\\u{1d165}\\u{1d166}\\u{1d16d}-\\u{1d172}]",
  ].join(""),
  "gu",
);
/** Letters without a decomposition that equal others at that level, or in databases: with strokes, insular, joined. */
const ALIKE: ReadonlyMap<string, string> = new Map(
  [
    ...pairs("øđðłħŧƀɨƶǥ", "oddlhtbizg"),
    ...pairs("ꝺꝼᵹꞃꞅꞇꝛꞛꞝꞟꞡꞣꞥꞧꞩꟁꟃꟙ", "dfgrstraougknrsaws"),
    ...pairs("ךםןףץґ", "כמנפצг"),
    ...[0x1f150, 0x1f170].flatMap((first) => alphabetFrom(first)),
    ["🆊", "p"],
    ["🆥", "d"],
    ...joined("æae œoe ƾts ȸdb ȹqp ʣdz ʦts ʪls ʫlz ᵺth ꜩtz ꜳaa ꜵao ꜷau ꜹav ꜻav ꜽay ꝏoo ꝡvy 𐞀aa"),
  ].map(([letter, same]) => [letter ?? "", same ?? ""]),
);
const ALIKE_LETTERS = new RegExp(`[${[...ALIKE.keys()].join("")}]`, "gu");
/** Letters that stand above others, and are no accents. */
const ABOVE: ReadonlyMap<string, string> = new Map(
  [
    ...pairs(
      "\u0363\u0364\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f",
      "aeioucdhmrtvx",
    ),
    ...pairs("\u1abf\u1acc\u1acd\u1ace\u1dca\u1dd3\u1dd7\u1dd8\u1dd9\u1dda", "wgrtracddg"),
    ...pairs("\u1ddc\u1ddd\u1de0\u1de3\u1de4\u1de5\u1de6\u1de8\u1deb", "klnrsszbf"),
    ...pairs("\u1ded\u1dee\u1df0\u1df1\u1df2\u1df3\u1df4", "opuwaou"),
    ...joined("\u1dd4ae \u1dd5ao \u1dd6av"),
  ].map(([letter, same]) => [letter ?? "", same ?? ""]),
);
const ABOVE_LETTERS = /[\u0363-\u036f\u1abf\u1acc-\u1ace\u1dca\u1dd3-\u1df4]/g;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * A name as a database may compare it, which takes several spellings for the same: without letter case, accents, white
 * space at the ends, and what has no weight in the collation of Unicode.
 *
 * @see https://www.unicode.org/reports/tr10/
 */
export function foldName(name: string): string {
  if (ASCII.test(name)) return name.trim().toLowerCase();
  // In capitals as well: the final sigma has the capital letter of another one, and the capital sharp s only a small one.
  // Without accents before that: one of them has a letter as its capital.
  const small = bare(
    name
      .replaceAll(WEIGHTLESS, "")
      .replaceAll(ABOVE_LETTERS, (letter) => ABOVE.get(letter) ?? letter),
  ).toLowerCase();
  return bare(small.toUpperCase())
    .toLowerCase()
    .replaceAll(ALIKE_LETTERS, (letter) => ALIKE.get(letter) ?? letter)
    .trim();
}

function bare(text: string): string {
  return text.normalize("NFKD").replaceAll(IGNORED, "");
}

function pairs(letters: string, same: string): string[][] {
  const others = [...same];
  return [...letters].map((letter, index) => [letter, others[index] ?? ""]);
}

/** The signs that stand for A to Z, in their order. */
function alphabetFrom(first: number): string[][] {
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  return letters.map((letter, index) => [String.fromCodePoint(first + index), letter]);
}

function joined(list: string): string[][] {
  return list.split(" ").map((item) => {
    const [letter = "", ...same] = item;
    return [letter, same.join("")];
  });
}
