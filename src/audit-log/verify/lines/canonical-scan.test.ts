import canonicalize from "canonicalize";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CanonicalScan } from "./canonical-scan.js";

const names = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "a",
    "audit.record.id",
    "audit.sequence.number",
    "unmapped",
    "é",
    "\u{1f600}",
    "\uffff",
  ),
);
const records = fc.dictionary(
  names,
  fc.oneof(
    fc.jsonValue({ noUnicodeString: false }),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.integer(),
    names,
  ),
);

/** Whether a text is its own canonical form, as another implementation sees it. */
function isCanonical(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
    return isRecord && canonicalize(value) === text;
  } catch {
    return false;
  }
}

function scan(text: string, scanner = new CanonicalScan()): boolean {
  return scanner.scan(Buffer.from(text));
}

describe("CanonicalScan", () => {
  it("passes what another implementation of RFC 8785 writes", () => {
    // One instance, so that what it learns of one line must not spoil the next.
    const scanner = new CanonicalScan();
    fc.assert(
      fc.property(records, (record) => {
        const text = canonicalize(record) ?? "";
        fc.pre(isCanonical(text));
        expect(scan(text, scanner), text).toBe(true);
        expect(scan(text, scanner), text).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  it("passes no text that is not its own canonical form", () => {
    const scanner = new CanonicalScan();
    const pieces = fc.constantFrom(
      ...'{}[]":,.-+eE019 \\u/abn\t\u0001é',
      '"a":1,',
      "\\u0041",
      "null",
    );
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(8), pieces, (record, at, cut, piece) => {
        const text = canonicalize(record) ?? "";
        const place = at % (text.length + 1);
        const changed = text.slice(0, place) + piece + text.slice(place + cut);
        // Halves of surrogate pairs are no UTF-8: they never reach the scan as what they are here.
        fc.pre(Buffer.from(changed).toString() === changed);
        expect(scan(changed, scanner), changed).toBe(isCanonical(changed));
      }),
      { numRuns: 5000 },
    );
  }, 60_000);

  it.each([
    ['{"a":1', "cut"],
    ['{"a":"x', "cut"],
    ['{"a":"x\\u00', "cut"],
    ['{"a":12', "cut"],
    ['{"a":tr', "cut"],
    ['{"a":[1,', "cut"],
    ["", "cut"],
    ['{"a" :1}', "white_space"],
    ['{ "a":1}', "white_space"],
    ['{"a":1} ', "white_space"],
    ['{"b":1,"a":2}', "key_order"],
    ['{"a":1,"a":2}', "duplicate_key"],
    ['{"a":1,"\\u0061":2}', "escape"],
    ['{"a":1.0}', "number"],
    ['{"a":-0}', "number"],
    ['{"a":1e2}', "number"],
    ['{"a":"\\/"}', "escape"],
    ['{"a":"\\u000a"}', "escape"],
    ['{"a":"\\u001F"}', "escape"],
    ['{"a":"\t"}', "control_character"],
    ["[1]", "syntax"],
    ['{"a":1}}', "syntax"],
    ['{"a":tru}', "syntax"],
    [`{"a":${"[".repeat(40)}`, "nested"],
    ['{"audit.record.id":"a","unmapped":{"audit.record.id":"b"}}', "duplicate_key"],
  ])("says why %s is not canonical: %s", (text, why) => {
    const scanner = new CanonicalScan();
    expect(scan(text, scanner)).toBe(false);
    expect(scanner.irregularity).toBe(why);
  });

  it("finds members in the record and in its unmapped object, and in no other", () => {
    const scanner = new CanonicalScan();
    const place = (text: string): string => {
      expect(scan(text, scanner)).toBe(true);
      const { value, end } = scanner.members.number;
      return value === -1 ? "none" : text.slice(value, end);
    };
    expect(place('{"audit.sequence.number":7}')).toBe("7");
    expect(place('{"unmapped":{"audit.sequence.number":8}}')).toBe("8");
    expect(place('{"x":{"audit.sequence.number":9}}')).toBe("none");
    expect(place('{"x":{"unmapped":{"audit.sequence.number":9}}}')).toBe("none");
    expect(place('{"unmapped":{"unmapped":{"audit.sequence.number":9}}}')).toBe("none");
    expect(place('{"x":"\\"audit.sequence.number\\":9"}')).toBe("none");
    expect(place('{"unmapped":[{"audit.sequence.number":9}]}')).toBe("none");
  });

  it("remembers a bounded number of names, and reads the others as well", () => {
    const scanner = new CanonicalScan();
    for (let index = 0; index < 2000; index += 1) {
      const text = `{"a${index}":1,"audit.sequence.number":${index + 1},"z${index}":2}`;
      expect(scan(text, scanner)).toBe(true);
      const { value, end } = scanner.members.number;
      expect(text.slice(value, end)).toBe(String(index + 1));
    }
  });
});
