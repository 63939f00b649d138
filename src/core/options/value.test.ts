import { describe, expect, it } from "vitest";
import { describeValue, nameFault, withoutTextsOf } from "./value.js";

describe("describeValue", () => {
  it.each<[unknown, string]>([
    [1.5, "1.5"],
    [60_000, "60000"],
    [Number.NaN, "NaN"],
    [91_379_137, "a number"],
    ["secret", "a string of 6 characters"],
    ["", "an empty string"],
    [[1, 2], "a list of 2"],
  ])("says of %j: %s", (value, said) => {
    expect(describeValue(value)).toBe(said);
  });
});

describe("nameFault", () => {
  it.each([
    [" a", "must not start or end with white space"],
    ["a\u00a0", "must not start or end with white space"],
    ["a\u0000b", "must not hold control characters"],
    ["a\u0085b", "must not hold control characters"],
    ["a b", undefined],
    ["größe", undefined],
  ])("of %j is %s", (name, fault) => {
    expect(nameFault(name)).toBe(fault);
  });
});

describe("the words of another package", () => {
  const value = {
    customerName: ["zq9SECRETzq9", { deep: 'line\n"end"' }],
    short: "abc",
    n: 91379137,
  };

  it.each([
    ["bad zq9SECRETzq9", "bad (a string of 12 characters)"],
    ["bad ZQ9SECRETZQ9", "bad (a string of 12 characters)"],
    ['bad "line\\n\\"end\\""', 'bad "(a string of 10 characters)"'],
    ["bad 91379137", "bad (a string of 8 characters)"],
    ["bad abc in customerName", "bad abc in customerName"],
  ])("%j become %j", (message, said) => {
    expect(withoutTextsOf(value, message, new Set(["customerName"]))).toBe(said);
  });

  it("are looked for in a value that holds itself", () => {
    const loop: Record<string, unknown> = { text: "zq9SECRETzq9" };
    loop["loop"] = loop;
    expect(withoutTextsOf(loop, "zq9SECRETzq9")).toBe("(a string of 12 characters)");
  });
});
