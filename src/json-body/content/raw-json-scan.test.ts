import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanRawJson } from "./raw-json-scan.js";

/** A JSON text with what is true about it, built without a parser. */
interface Sample {
  readonly text: string;
  readonly depth: number;
  readonly duplicate: boolean;
}

const space = fc.constantFrom("", " ", "\n", "\t\r ");
/** Few names, so that duplicates happen; some of them only once their escapes are read. */
const name = fc.constantFrom(
  ["a", "a"],
  ["a", "\\u0061"],
  ["b", "b"],
  ['x"y', 'x\\"y'],
  ["{[:,", "{[:,"],
  ["\\", "\\\\"],
  ["", ""],
);
const wideName = fc
  .integer({ min: 0, max: 30 })
  .map((n): [string, string] => [`key${n}`, `key${n}`]);
const scalar = fc
  .oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
  .map((value): Sample => ({ text: JSON.stringify(value), depth: 0, duplicate: false }));

const { value: json } = fc.letrec<{ value: Sample }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.tuple(fc.array(tie("value"), { maxLength: 4 }), space).map(
      ([items, ws]): Sample => ({
        text: `[${ws}${items.map(({ text }) => text).join(`${ws},`)}${ws}]`,
        depth: 1 + Math.max(0, ...items.map(({ depth }) => depth)),
        duplicate: items.some(({ duplicate }) => duplicate),
      }),
    ),
    fc
      .tuple(fc.array(fc.tuple(fc.oneof(name, wideName), tie("value")), { maxLength: 40 }), space)
      .map(([members, ws]): Sample => {
        const names = members.map(([[read]]) => read);
        return {
          text: `{${ws}${members.map(([[, raw], { text }]) => `"${raw}"${ws}:${text}`).join(`${ws},${ws}`)}}`,
          depth: 1 + Math.max(0, ...members.map(([, { depth }]) => depth)),
          duplicate:
            new Set(names).size < names.length || members.some(([, { duplicate }]) => duplicate),
        };
      }),
  ),
}));

describe("scanRawJson", () => {
  it("finds a member that stands twice exactly where there is one, in any valid text", () => {
    fc.assert(
      fc.property(json, ({ text, duplicate }) => {
        JSON.parse(text);
        expect(scanRawJson(text, 100)).toBe(duplicate ? "duplicate_key" : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("counts the depth as it is, in any valid text without duplicates", () => {
    fc.assert(
      fc.property(json, ({ text, depth, duplicate }) => {
        fc.pre(!duplicate && depth > 0);
        expect(scanRawJson(text, depth)).toBeUndefined();
        expect(scanRawJson(text, depth - 1)).toBe("structure_too_deep");
      }),
    );
  });

  it("accepts whatever JSON.stringify writes within the depth", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "large" }), (value) => {
        const text = JSON.stringify(value);
        const fault = scanRawJson(text, 1000);
        expect(fault).toBe(text.includes('"__proto__":') ? "forbidden_key" : undefined);
      }),
    );
  });

  it("ends on any text, and never refuses a valid text as malformed", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}[\]",:\\u0061a]*$/), (text) => {
        scanRawJson(text, 5);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"__proto__":1}', "forbidden_key"],
    ['{"a":{"\\u005f_proto__":1}}', "forbidden_key"],
    ['{"__proto_\\u005f":{}}', "forbidden_key"],
    ['["__proto__"]', undefined],
    ['{"a":"__proto__"}', undefined],
    ['{"__proto___":1}', undefined],
    ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":2}]}', undefined],
    ['{"a":[{"x":1}],"a":2}', "duplicate_key"],
    ['{"a":{"b":1},"c":2,"\\u0061":3}', "duplicate_key"],
    ['{"a":"{\\"a\\":1}"}', undefined],
    [`{${Array.from({ length: 40 }, (_, i) => `"k${i}":1`).join()},"k3":1}`, "duplicate_key"],
    [`{${Array.from({ length: 40 }, (_, i) => `"k${i}":1`).join()}}`, undefined],
    ["[".repeat(21), "structure_too_deep"],
    ["[".repeat(20) + "]".repeat(20), undefined],
    ['{"a":'.repeat(21), "structure_too_deep"],
    [`"${"[".repeat(30)}"`, undefined],
  ])("answers for %s: %s", (text, fault) => {
    expect(scanRawJson(text, 20)).toBe(fault);
  });

  it("needs linear time for an object with very many members", () => {
    // Comparing each name with each other would be 20 billion comparisons, far beyond the time a test has.
    const members = Array.from({ length: 200_000 }, (_, index) => `"member-number-${index}":0`);
    expect(scanRawJson(`{${members.join()}}`, 20)).toBeUndefined();
  });
});
