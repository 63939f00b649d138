import { describe, expect, it } from "vitest";
import { foldName } from "./fold-name.js";

/** The first level of the collation of Unicode, at which databases compare names. */
const { compare } = new Intl.Collator("und", { sensitivity: "base" });
const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];

function* characters(): Generator<string> {
  for (let point = 1; point < 0x1_f200; point += 1) {
    if (point < 0xd800 || point > 0xdfff) yield String.fromCodePoint(point);
  }
}

describe("the name of an account, folded", () => {
  it("does not change by any character that has no weight in the collation of Unicode", () => {
    const kept: string[] = [];
    for (const character of characters()) {
      const name = `ali${character}ce`;
      if (compare(name, "alice") === 0 && foldName(name) !== "alice") {
        kept.push(character.codePointAt(0)?.toString(16) ?? "");
      }
    }
    expect(kept).toEqual([]);
  });

  it("does not change by any character that equals a letter of ASCII there", () => {
    const kept: string[] = [];
    for (const character of characters()) {
      // Decomposes into two characters, one of which is a mark of punctuation.
      if (/[\u013f\u0140]/.test(character)) continue;
      if (compare(character, "a") < 0 || compare(character, "z") > 0) continue;
      const letter = LETTERS.find((one) => compare(character, one) === 0);
      if (letter !== undefined && foldName(`x${character}x`) !== `x${letter}x`) {
        kept.push(`${character} ${letter}`);
      }
    }
    expect(kept).toEqual([]);
  });

  it.each([
    ["straße", "STRAẞE", "strasse"],
    ["οδυσσευς", "ΟΔΥΣΣΕΥΣ", "Ὀδυσσεύς"],
    ["ᾳδης", "αδης", "ᾼδης"],
    ["אברהם", "אברהמ", "אַבְרָהָם"],
    ["гнат", "ґнат", "ҐНАТ"],
    ["alice@example.com", " ALICE@example.com ", "🅰lıce＠example.com"],
  ])("is the same for %s, %s and %s", (...names) => {
    expect(new Set(names.map(foldName)).size).toBe(1);
  });

  it("stays another one where letters differ", () => {
    const names = [
      "alice",
      "alice1",
      "al ice",
      "alyce",
      "áĺĩçè2",
      "αλις",
      "алис",
      "अलीस",
      "アリス",
    ];
    expect(new Set(names.map(foldName)).size).toBe(names.length);
  });

  it("is folded in a short time, however long", () => {
    const before = process.cpuUsage();
    for (const name of ["\ufdfa", "\u0345", "🅰", "ẞ", "ø"]) foldName(name.repeat(1024));
    // On a busy machine it may take longer, and costs no more.
    expect(process.cpuUsage(before).user).toBeLessThan(200_000);
  });
});
