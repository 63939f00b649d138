import { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { OptionsError } from "./options-error.js";
import { type OptionsReader, readOptions } from "./options-reader.js";

/** Options that may be anything. */
type Named<Key extends string> = Readonly<Record<Key, unknown>>;

/** Reads one option with the method under test and returns the value, or the problems. */
function read(value: unknown, method: (reader: OptionsReader<"option">) => unknown): unknown {
  const reader = readOptions<{ option: unknown }>("factory", { option: value }, { option: true });
  const result = method(reader);
  const problems = problemsOf(() => reader.finish());
  return problems ?? result;
}

function problemsOf(action: () => void): readonly string[] | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as OptionsError).problems;
  }
}

describe("readOptions", () => {
  it("reports all problems in one OptionsError that is a TypeError", () => {
    const reader = readOptions<Named<"a" | "b" | "c">>(
      "factory",
      { a: "x", c: 1, unknown: true },
      { a: true, b: true, c: true },
    );
    reader.boolean("a");
    reader.string("b", { required: true });
    reader.string("c");
    const finish = (): void => reader.finish();
    expect(finish).toThrow(TypeError);
    expect(problemsOf(finish)).toEqual([
      'factory must not have an option "unknown": known options are a, b, c',
      "factory.a must be true or false, got a string of 1 characters",
      "factory.b must be a non-empty string, got undefined: it is required",
      "factory.c must be a non-empty string, got 1",
    ]);
    expect(finish).toThrow(/^4 options are wrong:\n {2}- factory must not/);
  });

  it("says a single problem in one line", () => {
    const reader = readOptions<Named<"a">>("factory", {}, { a: true });
    reader.string("a", { required: true });
    expect(() => reader.finish()).toThrow(
      /^factory\.a must be a non-empty string, got undefined: it is required$/,
    );
  });

  it("throws nothing when all is well", () => {
    expect(() =>
      readOptions<Named<"a">>("factory", { a: true }, { a: true }).finish(),
    ).not.toThrow();
    expect(() => readOptions<Named<"a">>("factory", undefined, { a: true }).finish()).not.toThrow();
  });

  it.each([
    ["adience", 'did you mean "audience"?'],
    ["Audience", 'did you mean "audience"?'],
    ["jwks_uri", 'did you mean "jwksUri"?'],
    ["jwksUrl", 'did you mean "jwksUri"?'],
    ["windowMs", 'did you mean "window"?'],
    ["other", "known options are audience, jwksUri, window"],
  ])("guesses what the unknown option %s meant", (name, fix) => {
    const reader = readOptions<Named<"audience" | "jwksUri" | "window">>(
      "factory",
      { [name]: 1 },
      { audience: true, jwksUri: true, window: true },
      {
        windowMs: "window",
      },
    );
    expect(() => reader.finish()).toThrow(`factory must not have an option "${name}": ${fix}`);
  });

  it("does not take a member of Object.prototype for a peer's name", () => {
    const reader = readOptions<Named<"a">>("factory", { toString: 1, constructor: 2 }, { a: true });
    expect(problemsOf(() => reader.finish())).toEqual([
      'factory must not have an option "toString": known options are a',
      'factory must not have an option "constructor": known options are a',
    ]);
  });

  it.each([
    ["null", null, "null"],
    ["a string", "https://issuer.example", "a string of 22 characters"],
    ["a number", 5, "5"],
    ["a list", [{}], "a list of 1"],
    ["a function", () => ({}), "a function"],
    ["a class instance", new (class Options {})(), "an object"],
    ["a Map", new Map(), "an object"],
    ["a Date", new Date(0), "an object"],
    ["an Error", new Error("x"), "an object"],
    ["a promise", Promise.resolve({}), "a promise"],
    ["a regular expression", /x/, "a regular expression"],
    ["a symbol", Symbol("s"), "a symbol"],
    ["a bigint", 1n, "a bigint"],
  ])("refuses %s in place of the options", (_what, value, got) => {
    expect(() => readOptions<Named<"a">>("factory", value, { a: true }).finish()).toThrow(
      `factory must be an options object, got ${got}`,
    );
  });

  it.each([
    ["an object literal", { a: "x" }],
    ["a null-prototype record", Object.assign(Object.create(null) as object, { a: "x" })],
    ["parsed JSON", JSON.parse('{"a":"x"}')],
  ])("takes %s", (_what, value) => {
    const reader = readOptions<Named<"a">>("factory", value, { a: true });
    reader.finish();
    expect(reader.string("a")).toBe("x");
  });

  it("prints a hint that holds a blank as it is", () => {
    const reader = readOptions<Named<"optional">>(
      "factory",
      { authRequired: true },
      { optional: true },
      { authRequired: "leave it out, a token is required" },
    );
    expect(problemsOf(() => reader.finish())).toEqual([
      'factory must not have an option "authRequired": leave it out, a token is required',
    ]);
  });

  it("refuses undefined where the name alone says that something is protected, once", () => {
    const reader = readOptions<Named<"scopes" | "realm">>(
      "factory",
      { scopes: undefined, realm: undefined },
      { scopes: "neverUndefined", realm: true },
    );
    expect(reader.strings("scopes", { required: true })).toBeUndefined();
    reader.problem("scopes", "something else");
    expect(problemsOf(() => reader.finish())).toEqual([
      "factory.scopes must not be undefined: is it read from a variable that is not set? Else leave the option out",
    ]);
  });

  it("lets such an option be left out", () => {
    const reader = readOptions<Named<"scopes">>("factory", {}, { scopes: "neverUndefined" });
    expect(reader.isUnset("scopes")).toBe(false);
    expect(() => reader.finish()).not.toThrow();
  });

  it("tells what is undefined from what is left out", () => {
    const reader = readOptions<Named<"a" | "b">>("factory", { a: undefined }, { a: true, b: true });
    expect([reader.isUnset("a"), reader.isUnset("b")]).toEqual([true, false]);
  });

  it("tells at once who mounted the factory uncalled, with how to call it", () => {
    const req = Object.create(IncomingMessage.prototype) as object;
    expect(() => readOptions<Named<"a">>("factory", req, { a: true })).toThrow(
      /^factory must be called before it is mounted: write app\.use\(factory\(…\)\)$/,
    );
    expect(() => readOptions<Named<"a">>("factory", req, { a: true }, {}, "factory(1)")).toThrow(
      "write app.use(factory(1))",
    );
  });

  it("takes undefined as left out, for known and unknown options", () => {
    const reader = readOptions<Named<"a">>(
      "factory",
      { a: undefined, unknown: undefined },
      { a: true },
    );
    expect(reader.has("a")).toBe(false);
    expect(reader.string("a", { default: "fallback" })).toBe("fallback");
    expect(() => reader.finish()).not.toThrow();
  });
});

describe("OptionsReader", () => {
  it.each<[string, unknown, unknown]>([
    ["true", true, true],
    ["false", false, false],
    ["undefined", undefined, false],
    ["a string", "yes", ["factory.option must be true or false, got a string of 3 characters"]],
    [
      "a boolean in quotes",
      "true",
      [
        'factory.option must be true or false, got "true": write it without quotes, and convert what comes from a variable',
      ],
    ],
    ["a number", 1, ["factory.option must be true or false, got 1"]],
    ["null", null, ["factory.option must be true or false, got null"]],
  ])("reads a boolean from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.boolean("option"))).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ["a string", "x", "x"],
    ["undefined", undefined, undefined],
    ["an empty string", "", ["factory.option must be a non-empty string, got an empty string"]],
    ["a list", ["x"], ["factory.option must be a non-empty string, got a list of 1"]],
    ["a String object", Object("x"), ["factory.option must be a non-empty string, got an object"]],
  ])("reads a string from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.string("option"))).toEqual(expected);
  });

  it("words a string's condition as the factory wants it", () => {
    expect(read(3, (reader) => reader.string("option", { must: "an https: URL" }))).toEqual([
      "factory.option must be an https: URL, got 3",
    ]);
  });

  it.each<[string, unknown, unknown]>([
    ["a listed name", "report", "report"],
    ["undefined", undefined, "enforce"],
    [
      "a misspelt name",
      "reprot",
      ['factory.option must be one of "enforce", "report", got "reprot": did you mean "report"?'],
    ],
    [
      "a name in capitals",
      "Report",
      ['factory.option must be one of "enforce", "report", got "Report": did you mean "report"?'],
    ],
    [
      "something else",
      "hunter2hunter2",
      ['factory.option must be one of "enforce", "report", got a string of 14 characters'],
    ],
    ["a list", ["report"], ['factory.option must be one of "enforce", "report", got a list of 1']],
    [
      "a member of Object.prototype",
      "toString",
      ['factory.option must be one of "enforce", "report", got a string of 8 characters'],
    ],
  ])("reads one of a closed list from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.oneOf("option", ["enforce", "report"]))).toEqual(
      expected,
    );
  });

  it.each<[string, unknown, unknown]>([
    ["a number in range", 5, 5],
    ["the smallest", 1, 1],
    ["the largest", 9, 9],
    ["undefined", undefined, 3],
    ["less than the smallest", 0, ["factory.option must be a whole number from 1 to 9, got 0"]],
    ["more than the largest", 10, ["factory.option must be a whole number from 1 to 9, got 10"]],
    ["a fraction", 1.5, ["factory.option must be a whole number from 1 to 9, got 1.5"]],
    [
      "NaN",
      Number.NaN,
      [
        "factory.option must be a whole number from 1 to 9, got NaN: is it made of a variable that is not set?",
      ],
    ],
    [
      "Infinity",
      Number.POSITIVE_INFINITY,
      ["factory.option must be a whole number from 1 to 9, got Infinity"],
    ],
    [
      "a numeric string",
      "5",
      [
        'factory.option must be a whole number from 1 to 9, got "5": write it without quotes, and convert what comes from a variable',
      ],
    ],
    [
      "digits that are long enough for a secret",
      "12345678",
      ["factory.option must be a whole number from 1 to 9, got a string of 8 characters"],
    ],
    ["a bigint", 5n, ["factory.option must be a whole number from 1 to 9, got a bigint"]],
  ])("reads a whole number from %s", (_what, value, expected) => {
    expect(
      read(value, (reader) => reader.integer("option", { min: 1, max: 9, default: 3 })),
    ).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ["a fraction", 0.5, 0.5],
    [
      "NaN",
      Number.NaN,
      [
        "factory.option must be a number from 0 to 1, got NaN: is it made of a variable that is not set?",
      ],
    ],
    ["too much", 1.01, ["factory.option must be a number from 0 to 1, got 1.01"]],
  ])("reads a number from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.number("option", { max: 1 }))).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ["15m", "15m", 900_000],
    ["undefined", undefined, 1000],
    [
      "a bare number",
      60_000,
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got 60000: a bare number has no unit, write "1m" for milliseconds or "1000m" for seconds',
      ],
    ],
    [
      "a duration that is too short",
      "999ms",
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got "999ms"',
      ],
    ],
    [
      "a duration that is too long",
      "2d",
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got "2d"',
      ],
    ],
    [
      "a unit that does not exist",
      "5 min",
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got "5 min": write "5m"',
      ],
    ],
    [
      "other text",
      "tomorrow",
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got a string of 8 characters',
      ],
    ],
    [
      "a negative number",
      -5,
      [
        'factory.option must be a duration from 1s to 1d, such as "15m" (units ms, s, m, h, d), got -5',
      ],
    ],
  ])("reads a duration from %s", (_what, value, expected) => {
    const range = { min: "1s", max: "1d", default: "1s" };
    expect(read(value, (reader) => reader.duration("option", range))).toEqual(expected);
  });

  it.each<[string, unknown, unknown]>([
    ["100kb", "100kb", 102_400],
    [
      "a bare number",
      1024,
      [
        'factory.option must be a size of at least 1b, such as "100kb" (units b, kb, mb, gb), got 1024: a bare number has no unit, write "1kb"',
      ],
    ],
    [
      "a unit in capitals",
      "1MB",
      [
        'factory.option must be a size of at least 1b, such as "100kb" (units b, kb, mb, gb), got "1MB": write "1mb"',
      ],
    ],
  ])("reads a size from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.size("option"))).toEqual(expected);
  });

  it("reads a function and nothing else", () => {
    const callback = (): void => undefined;
    expect(read(callback, (reader) => reader.function("option"))).toBe(callback);
    expect(read({}, (reader) => reader.function("option"))).toEqual([
      "factory.option must be a function, got an object",
    ]);
    expect(read(undefined, (reader) => reader.function("option", { required: true }))).toEqual([
      "factory.option must be a function, got undefined: it is required",
    ]);
  });

  it.each<[string, unknown, unknown]>([
    ["one string", "a", ["a"]],
    ["several", ["a", "b"], ["a", "b"]],
    ["undefined", undefined, undefined],
    [
      "an empty list",
      [],
      ["factory.option must be a non-empty string or a list of them, got an empty list"],
    ],
    ["an empty string", "", ["factory.option must be a non-empty string, got an empty string"]],
    ["null", null, ["factory.option must be a non-empty string, got null"]],
    [
      "a hole from a missing variable",
      ["a", undefined],
      ["factory.option[1] must be a non-empty string, got undefined"],
    ],
    ["a sparse list", Array(1), ["factory.option[0] must be a non-empty string, got undefined"]],
    ["a repetition", ["a", "b", "a"], ["factory.option[2] must not repeat an earlier entry"]],
    [
      "two problems at once",
      ["", 1],
      [
        "factory.option[0] must be a non-empty string, got an empty string",
        "factory.option[1] must be a non-empty string, got 1",
      ],
    ],
  ])("reads a list of strings from %s", (_what, value, expected) => {
    expect(read(value, (reader) => reader.strings("option"))).toEqual(expected);
  });

  it("asks about the entries of a list, and names the place of a wrong one as the user knows it", () => {
    const check = (entry: string): string | undefined =>
      entry === "bad" ? "must be good" : undefined;
    // The entry that is no string does not shift the places of those behind it.
    expect(read([1, "good", "bad"], (reader) => reader.strings("option", { check }))).toEqual([
      "factory.option[0] must be a non-empty string, got 1",
      "factory.option[2] must be good",
    ]);
    expect(read("bad", (reader) => reader.strings("option", { check }))).toEqual([
      "factory.option must be good",
    ]);
  });

  it("hands out the items of a list with their places, holes included", () => {
    function note(reader: OptionsReader<"option">): void {
      for (const item of reader.items("option") ?? []) item.note(`is ${String(item.value)}`);
    }
    expect(read(["a", ["b"]], note)).toEqual(["factory.option[0] is a", "factory.option[1] is b"]);
    expect(read(Array(1), note)).toEqual(["factory.option[0] is undefined"]);
    expect(read("a", note)).toEqual(["factory.option is a"]);
    expect(read(undefined, (reader) => reader.items("option"))).toBeUndefined();
  });

  it.each([
    ["a default", { default: "5 minutes" }],
    ["a bound without a unit", { min: "5" }],
    ["a bound of another kind", { max: "5kb" }],
  ])("throws when our own code writes %s that is no duration", (_what, range) => {
    expect(() => read("1m", (reader) => reader.duration("option", range))).toThrow(
      /^"[^"]+" must be a duration$/,
    );
  });

  it("copies a list of strings and freezes the copy", () => {
    const given = ["a"];
    const taken = read(given, (reader) => reader.strings("option"));
    given.push("b");
    expect(taken).toEqual(["a"]);
    expect(Object.isFrozen(taken)).toBe(true);
  });

  it("names the full path of a problem in nested options", () => {
    const reader = readOptions<Named<"one" | "many">>(
      "factory",
      { one: { x: 1 }, many: [{}, { y: 2 }] },
      { one: true, many: true },
    );
    reader.object<Named<"x">>("one", { x: true })?.string("x");
    for (const item of reader.objects<Named<"x">>("many", { x: true }, {}, "{ x: 1 }") ?? [])
      item.string("x", { required: true });
    expect(problemsOf(() => reader.finish())).toEqual([
      "factory.one.x must be a non-empty string, got 1",
      'factory.many[1] must not have an option "y": known options are x',
      "factory.many[0].x must be a non-empty string, got undefined: it is required",
      "factory.many[1].x must be a non-empty string, got undefined: it is required",
    ]);
  });

  it.each<[string, unknown, string]>([
    ["null", null, "factory.option must be an options object, got null"],
    ["a string", "x", "factory.option must be an options object, got a string of 1 characters"],
  ])("refuses %s in place of nested options", (_what, value, problem) => {
    expect(read(value, (reader) => reader.object<Named<"x">>("option", { x: true }))).toEqual([
      problem,
    ]);
  });

  it.each<[string, unknown, readonly string[]]>([
    [
      "an empty list",
      [],
      [
        "factory.option must be a non-empty list of options objects, got an empty list: write [{ x: 1 }]",
      ],
    ],
    [
      "an object",
      {},
      [
        "factory.option must be a non-empty list of options objects, got an object: write [{ x: 1 }]",
      ],
    ],
    [
      "a list of the wrong things",
      [1],
      ["factory.option[0] must be an options object, got 1: write { x: 1 }"],
    ],
    [
      "a sparse list",
      Array(1),
      ["factory.option[0] must be an options object, got null: write { x: 1 }"],
    ],
  ])("refuses %s in place of a list of nested options", (_what, value, problems) => {
    expect(
      read(value, (reader) => {
        for (const item of reader.objects<Named<"x">>("option", { x: true }, {}, "{ x: 1 }") ?? [])
          item.string("x");
      }),
    ).toEqual(problems);
  });

  it("takes over the problems of another factory", () => {
    const reader = readOptions<Named<never>>("secureApi", {}, {});
    reader.problems.adopt(new OptionsError(["rateLimit.limit must be there"]), "secureApi.");
    expect(problemsOf(() => reader.finish())).toEqual(["secureApi.rateLimit.limit must be there"]);
  });

  it("names the options as a whole when the key is empty", () => {
    const reader = readOptions<Named<never>>("factory", {}, {});
    reader.note("", "must name one source of keys");
    expect(() => reader.finish()).toThrow("factory must name one source of keys");
  });
});
