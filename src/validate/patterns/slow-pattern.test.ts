import { describe, expect, it } from "vitest";
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
});
