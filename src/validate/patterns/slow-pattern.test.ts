import { describe, expect, it } from "vitest";
import { findSlowPatterns } from "./find-slow-patterns.js";
import { judgePattern, type PatternCost } from "./slow-pattern.js";

describe("patterns that can backtrack", () => {
  it.each<[string, PatternCost]>([
    ["^[a-z]+$", "linear"],
    ["^[a-z0-9]+(?:-[a-z0-9]+)*$", "linear"],
    ["^[A-Z]{2}\\d{6}$", "linear"],
    ["^\\+?[1-9]\\d{1,14}$", "linear"],
    ["^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?Z)?$", "linear"],
    ["^#?([a-f0-9]{6}|[a-f0-9]{3})$", "linear"],
    ["^(\\d{1,3}\\.){3}\\d{1,3}$", "linear"],
    ["^(?=.*[A-Z])(?=.*\\d)[A-Za-z\\d]{8,64}$", "linear"],
    ["^(?:ab|ac)*$", "linear"],
    ["^\\s*\\S+\\s*$", "linear"],
    ["[a-z]+", "linear"],
    ["^\\p{L}+(?:[ '-]\\p{L}+)*$", "linear"],
    ["^[a-z0-9]{1,20}[a-z]{1,20}$", "linear"],
    ["^[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+$", "linear"],
    ["^$|^[a-z]+$", "linear"],
    ["\\s+$", "polynomial"],
    ["^[^@]+@[^@]+\\.[^@]+$", "polynomial"],
    ["^.*,.*,x$", "polynomial"],
    [".*foo", "polynomial"],
    ["^(a+)+$", "exponential"],
    ["^(a|a)*$", "exponential"],
    ["^(\\w+\\s?)*$", "exponential"],
    ["^(\\w|\\d)+$", "exponential"],
    ["^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}$", "exponential"],
    ["^(.*a){20}$", "exponential"],
    ["^(?!.*(?:x+)+$)[a-z]$", "exponential"],
    ["^(a)\\1+$", "unknown"],
  ])("%s is %s", (source, cost) => {
    expect(judgePattern(source)).toBe(cost);
  });

  it.each([
    // Labels of at most 63 characters, in an address of the HTML standard and in a host name.
    "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$",
    "^(?=.{1,253}$)([a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\\.)+[a-zA-Z]{2,63}$",
    "^\\w+([-+.']\\w+)*@\\w+([-.]\\w+)*\\.\\w+([-.]\\w+)*$",
    "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$",
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    "^(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)$",
    "^(?:\\*|\\d+|\\d+-\\d+|\\*/\\d+)(?:\\s+(?:\\*|\\d+|\\d+-\\d+|\\*/\\d+)){4}$",
    "^P(?!$)(\\d+Y)?(\\d+M)?(\\d+W)?(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+S)?)?$",
    "^[a-zA-Z0-9](?:[a-zA-Z0-9]|-(?=[a-zA-Z0-9])){0,38}$",
    "^(?!\\s*$).+",
  ])("raises no alarm for %s", (source) => {
    expect(judgePattern(source)).toBe("linear");
  });

  it.each([
    // Counted repetitions.
    "([a-z]{1,8}){1,8}x",
    "^(?:a?){30}a{30}$",
    "^(?:.?.?.?.?.?.?.?.?.?.?){2,7}x$",
    "^(?:[a-z]{0,7}){7}(?:[a-z]{0,7}){7}[!]$",
    "^.{0,200}.{0,200}.{0,200}!$",
    "[a-z]{1,255}!",
    "^(?:a|a|a|a){8}(?:a|a|a|a){8}b",
    // Characters beyond ASCII, and many of them.
    "^([á]|[^a-z])+x$",
    "^(ä|\\P{Lu})+x$",
    "^(\\p{Sc}|€)+x$",
    "^(한|[가-힣])+x$",
    "^(€|\\u20ac)+x$",
    "^(a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z|\\w)+!$",
    "^(?:aa|ab|ac|ad|ae|af|ag|ah|ai|aj|ak|al|am|an|ao|ap|\\w)+!$",
    // One bad alternative among harmless ones, which begin with other characters.
    `^(?:${[..."abcdefghijklmnopqrstuvw"].map((c) => `${c}[0-9]+`).join("|")}|x(y+y+)+z)$`,
    // Lookarounds, in loops and with loops in them.
    "^(?=a*a*b)x",
    "(?<=a+)b",
    "\\d+(?=x)",
    // What is tried in front of what matches.
    "^(?:(?:a+)+b|a)",
    "(?:(?:a+)+b)?",
    // Texts that begin more slowly than others.
    "(?:(?=a?)\\w+\\s+)+$",
    // Alternatives at different edges.
    "^\\s+|\\s+$",
    "(?:^\\s+|\\s+$)",
  ])("finds what is slow in %s", (source) => {
    expect(judgePattern(source)).toMatch(/^(?:polynomial|exponential)$/);
  });
});

describe("slow patterns of a schema", () => {
  it("are those that are slow on text as long as maxLength lets through", () => {
    const email = "^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$";
    const problems = (maxLength: number | undefined, pattern = email): string[] =>
      findSlowPatterns({ type: "string", pattern, maxLength }).map(({ problem }) => problem);
    expect(problems(320)).toEqual([]);
    expect(problems(1000)).toEqual([
      expect.stringContaining("put a maxLength of at most 300 beside it"),
    ]);
    expect(problems(undefined)).toEqual(problems(1000));
    // Cubic: 1,000 characters take minutes.
    expect(problems(1000, "^\\w+\\s?\\w+\\s?\\w+\\s?!$")).toEqual([
      expect.stringContaining("rewrite it"),
    ]);
    expect(problems(10, "^(a+)+$")).toEqual([expect.stringContaining("exponential")]);
  });

  it("are looked for in member names of at most 256 characters", () => {
    const find = (source: string) =>
      findSlowPatterns({ type: "object", patternProperties: { [source]: {} } }).length;
    expect(find("\\s+$")).toBe(0);
    expect(find("^(x+x+)+y$")).toBe(1);
    expect(find("^\\w+\\s?\\w+\\s?\\w+\\s?!$")).toBe(1);
    const names = { type: "object", propertyNames: { type: "string", pattern: "\\s+$" } };
    expect(findSlowPatterns(names)).toEqual([]);
  });
});
