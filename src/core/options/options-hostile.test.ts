import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type OptionsReader, readOptions } from "./options-reader.js";

/** Options that may be anything. */
type Named<Key extends string> = Readonly<Record<Key, unknown>>;

/** Every way to read an option, each of which refuses a random string or describes it. */
const METHODS: Readonly<Record<string, (reader: OptionsReader<"option">) => unknown>> = {
  boolean: (reader) => reader.boolean("option"),
  oneOf: (reader) => reader.oneOf("option", ["enforce", "report"]),
  integer: (reader) => reader.integer("option"),
  number: (reader) => reader.number("option"),
  duration: (reader) => reader.duration("option"),
  size: (reader) => reader.size("option"),
  function: (reader) => reader.function("option"),
  object: (reader) => reader.object<Named<"x">>("option", { x: true }),
  objects: (reader) => reader.objects<Named<"x">>("option", { x: true }, {}, "{ x: 1 }"),
};

const LOOKS_LIKE_A_QUANTITY = /^[\d.]{1,15} ?[A-Za-z]{0,7}$/;
/** Long enough to be no part of our own sentences, and near to no name of a closed list. */
const secret = fc
  .string({ minLength: 12, maxLength: 200, unit: "grapheme-ascii" })
  .filter(
    (text) =>
      /[^\d. ]/.test(text.trim()) && !LOOKS_LIKE_A_QUANTITY.test(text) && text.trim().length >= 12,
  );

function messageOf(reader: OptionsReader<never>): string {
  try {
    reader.finish();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("secrets in the wrong place", () => {
  it.each(Object.entries(METHODS))("are never printed by the %s reader", (_name, method) => {
    fc.assert(
      fc.property(secret, (text) => {
        for (const value of [text, [text], { nested: text }, () => text]) {
          const reader = readOptions<Named<"option">>(
            "factory",
            { option: value },
            { option: true },
          );
          method(reader);
          expect(messageOf(reader)).not.toContain(text);
        }
      }),
    );
  });

  it("are never printed by the string and strings readers, which refuse what stands beside them", () => {
    fc.assert(
      fc.property(secret, (text) => {
        const reader = readOptions<Named<"list" | "text">>(
          "factory",
          { list: [text, text, 1], text: [text] },
          { list: true, text: true },
        );
        reader.strings("list");
        reader.string("text");
        const message = messageOf(reader);
        expect(message).toContain("factory.list[1] must not repeat");
        expect(message).not.toContain(text);
      }),
    );
  });

  it("are never printed as the value of an unknown option or in place of the options", () => {
    fc.assert(
      fc.property(secret, (text) => {
        expect(
          messageOf(readOptions<Named<"option">>("factory", { unknown: text }, { option: true })),
        ).not.toContain(text);
        expect(
          messageOf(readOptions<Named<"option">>("factory", text, { option: true })),
        ).not.toContain(text);
      }),
    );
  });
});

describe("options that fight back", () => {
  it("reads a getter once", () => {
    let reads = 0;
    const options = {
      get option() {
        reads += 1;
        return reads === 1 ? "first" : "later";
      },
    };
    const reader = readOptions<Named<"option">>("factory", options, { option: true });
    expect([reader.string("option"), reader.string("option"), reader.raw("option")]).toEqual([
      "first",
      "first",
      "first",
    ]);
    expect(reads).toBe(1);
  });

  it("does not see what the caller changes afterwards", () => {
    const options: Record<string, unknown> = { option: "given" };
    const reader = readOptions<Named<"option">>("factory", options, { option: true });
    options["option"] = "changed";
    options["unknown"] = 1;
    expect(reader.string("option")).toBe("given");
    expect(messageOf(reader)).toBe("");
  });

  it("treats an own __proto__ member as any unknown option", () => {
    const reader = readOptions<Named<"option">>(
      "factory",
      JSON.parse('{"__proto__":{"option":true}}'),
      { option: true },
    );
    expect(reader.boolean("option")).toBe(false);
    expect(messageOf(reader)).toContain('must not have an option "__proto__"');
  });
});

describe("a polluted Object.prototype", () => {
  const prototype = Object.prototype as unknown as Record<string, unknown>;
  const names = ["option", "mode", "default", "required", "min", "max", "must", "unknown"];

  afterEach(() => {
    for (const name of names) delete prototype[name];
  });

  it("gives no option a value", () => {
    prototype["option"] = true;
    const reader = readOptions<Named<"option">>("factory", {}, { option: true });
    expect(reader.has("option")).toBe(false);
    expect(reader.boolean("option")).toBe(false);
    expect(messageOf(reader)).toBe("");
  });

  it("adds no unknown option", () => {
    prototype["unknown"] = 1;
    expect(messageOf(readOptions<Named<"option">>("factory", {}, { option: true }))).toBe("");
  });

  it("does not change defaults, ranges or what is required", () => {
    prototype["default"] = true;
    prototype["required"] = true;
    prototype["min"] = 100;
    prototype["max"] = 200;
    prototype["must"] = "something else";
    const reader = readOptions<Named<"flag" | "number" | "text" | "absent" | "list">>(
      "factory",
      { number: 5, text: "x" },
      { flag: true, number: true, text: true, absent: true, list: true },
    );
    expect(reader.boolean("flag")).toBe(false);
    expect(reader.integer("number")).toBe(5);
    expect(reader.string("text")).toBe("x");
    expect(reader.string("absent")).toBeUndefined();
    expect(reader.strings("list")).toBeUndefined();
    expect(messageOf(reader)).toBe("");
  });
});
