import { describe, expect, it } from "vitest";
import { type Column, constantColumn, createRecordTable } from "./record-table.js";

type Values = Readonly<Record<string, string | undefined>>;

function column(name: string, quoted = true): Column<Values> {
  return { name, read: (values) => values[name], quoted };
}

describe("a table of columns", () => {
  it("writes several members of one column where their names belong", () => {
    const record = createRecordTable<Values>([
      column("b"),
      { name: "app.", read: (values) => values["app."], members: true },
      column("a"),
    ]);
    expect(record({ a: "1", b: "2", "app.": '"app.x":1,"app.y":"z"' })).toBe(
      '{"a":"1","app.x":1,"app.y":"z","b":"2"}',
    );
    expect(record({ "app.": '"app.x":1' })).toBe('{"app.x":1}');
    expect(record({ a: "1" })).toBe('{"a":"1"}');
  });

  it("writes members in the order of the code units of their names, whatever the order of the columns", () => {
    const names = [
      "\ufb33",
      "b",
      "a.b",
      "\ud83d\ude02",
      "a",
      "a-b",
      "B",
      "@t",
      "a.b.c",
      "aa",
      "\u20ac",
    ];
    const record = createRecordTable(names.map((name) => column(name)));
    const line = record(Object.fromEntries(names.map((name) => [name, "x"])));
    // RFC 8785 §3.2.3: a surrogate pair stands in front of U+FB33, although its code point is greater.
    const expected = [
      "@t",
      "B",
      "a",
      "a-b",
      "a.b",
      "a.b.c",
      "aa",
      "b",
      "\u20ac",
      "\ud83d\ude02",
      "\ufb33",
    ];
    expect(Object.keys(JSON.parse(line))).toEqual(expected);
    expect(line).toBe(JSON.stringify(Object.fromEntries(expected.map((name) => [name, "x"]))));
  });

  it("leaves out what a record does not have, wherever it stands", () => {
    const columns = [column("a"), column("b", false), column("c"), column("d", false)];
    const record = createRecordTable<Values>(columns);
    const lines = Array.from({ length: 16 }, (_, bits) => {
      const values: Values = {
        ...(bits & 1 && { a: "x" }),
        ...(bits & 2 && { b: "2" }),
        ...(bits & 4 && { c: "" }),
        ...(bits & 8 && { d: "[4]" }),
      };
      return record(values);
    });
    expect(lines[0]).toBe("{}");
    expect(lines[5]).toBe('{"a":"x","c":""}');
    expect(lines[10]).toBe('{"b":2,"d":[4]}');
    expect(lines[15]).toBe('{"a":"x","b":2,"c":"","d":[4]}');
    for (const line of lines) expect(JSON.stringify(JSON.parse(line))).toBe(line);
  });

  it.each<[unknown, string]>([
    [0, '{"n":0}'],
    [200, '{"n":200}'],
    [Number.MAX_SAFE_INTEGER, '{"n":9007199254740991}'],
    ...[-1, 500.5, Number.NaN, Number.POSITIVE_INFINITY, 1e21, 2 ** 53, null, "1", {}, 1n].map(
      (value): [unknown, string] => [value, "{}"],
    ),
    [Symbol("x"), "{}"],
    ['1,"admin":true', "{}"],
  ])("writes whole numbers in range and nothing else where a number belongs: %s", (value, line) => {
    const column: Column<unknown> = { name: "n", read: () => value as number, whole: true };
    expect(createRecordTable([column])({})).toBe(line);
  });

  it.each([null, 1, {}, Symbol("x")])(
    "leaves out what is no text where text belongs: %s",
    (value) => {
      const columns = [true, false].map((quoted) => ({
        name: quoted ? "a" : "b",
        read: () => value as unknown as string,
        quoted,
      }));
      expect(createRecordTable(columns)({})).toBe("{}");
    },
  );

  it("takes columns of the whole log and constant ones", () => {
    const record = createRecordTable<Values>([column("b"), constantColumn("a", "1")]);
    expect(record({ b: "2" })).toBe('{"a":"1","b":"2"}');
  });

  it("has each name once", () => {
    expect(() => createRecordTable([column("a"), column("b"), column("a")])).toThrow("same name");
  });
});
