import { describe, expect, it } from "vitest";
import { type Coverage, Seen } from "./seen.js";
import { Work } from "./work.js";

function unlimited(): Seen {
  return new Seen(new Work(Number.POSITIVE_INFINITY));
}

function coverageOf(...names: readonly string[]): Coverage {
  const seen = unlimited();
  for (const name of names) seen.addName(name);
  return seen.coverage();
}

describe("Seen", () => {
  it("hands the names of a subschema on without copying them", () => {
    const inner = coverageOf("a", "b");
    const outer = unlimited();
    outer.add(inner);
    outer.add(inner);
    expect(outer.coverage().names).toBe(inner.names);
  });

  it("leaves a set as it is that others have", () => {
    const inner = coverageOf("a");
    const outer = unlimited();
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
    const seen = unlimited();
    seen.addName("a");
    seen.add({ names: "all", items: 2, indexes: undefined });
    seen.add(coverageOf("b"));
    seen.addName("c");
    expect(seen.coverage()).toEqual({ names: "all", items: 2, indexes: undefined });
  });

  it("counts the names that are copied", () => {
    const work = new Work(Number.POSITIVE_INFINITY);
    const outer = new Seen(work);
    outer.add(coverageOf("a", "b", "c"));
    expect(work.spent).toBe(0);
    outer.addName("d");
    expect(work.spent).toBe(4);
    outer.add(coverageOf("e", "f"));
    expect(work.spent).toBe(6);
  });

  it("knows the items in front of an index, and single ones", () => {
    const inner = unlimited();
    inner.addItem(4);
    inner.addItems(2);
    const seen = unlimited();
    seen.add(inner.coverage());
    expect([0, 1, 2, 3, 4, 5].filter((index) => seen.hasItem(index))).toEqual([0, 1, 4]);
  });
});
