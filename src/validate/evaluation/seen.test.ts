import { describe, expect, it } from "vitest";
import { type Coverage, Seen } from "./seen.js";

function coverageOf(...names: readonly string[]): Coverage {
  const seen = new Seen(true);
  for (const name of names) seen.addName(name);
  return seen.coverage();
}

describe("Seen", () => {
  it("hands the names of a subschema on without copying them", () => {
    const inner = coverageOf("a", "b");
    const outer = new Seen(true);
    outer.add(inner);
    outer.add(inner);
    expect(outer.coverage().names).toBe(inner.names);
  });

  it("leaves a set as it is that others have", () => {
    const inner = coverageOf("a");
    const outer = new Seen(true);
    outer.add(inner);
    outer.addName("b");
    outer.add(coverageOf("c"));
    const given = outer.coverage();
    outer.addName("d");
    expect([...(inner.names as ReadonlySet<string>)]).toEqual(["a"]);
    expect([...(given.names as ReadonlySet<string>)]).toEqual(["a", "b", "c"]);
    expect(["a", "b", "c", "d", "e"].filter((name) => outer.hasName(name))).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  it("keeps all names once they are all", () => {
    const seen = new Seen(true);
    seen.addName("a");
    seen.add({ names: "all", items: 2 });
    seen.add(coverageOf("b"));
    seen.addName("c");
    expect(seen.coverage()).toEqual({ names: "all", items: 2 });
  });
});
