import { describe, expect, it } from "vitest";
import type { OptionsReader } from "./options-reader.js";
import { readOptions } from "./options-reader.js";

interface KeyOptions {
  readonly cooldown?: string | undefined;
}

interface ExampleOptions {
  readonly mode?: "enforce" | "report" | undefined;
  readonly keys?: KeyOptions | false | undefined;
  readonly skip?: ((name: string) => boolean) | undefined;
  readonly names?: readonly string[] | undefined;
}

type EitherOptions =
  | { readonly secret: string; readonly shared?: string }
  | { readonly jwksUri: string; readonly shared?: string };

const KEYS = { mode: true, keys: true, skip: true, names: true } as const;

function readMode(reader: OptionsReader<"mode">): string {
  return reader.oneOf("mode", ["enforce", "report"]);
}

function readBoth(reader: OptionsReader<"mode" | "other">): boolean {
  return reader.has("other");
}

function readAny<Key extends string>(reader: OptionsReader<Key>, key: Key): unknown {
  return reader.raw(key);
}

/** What these functions hold is judged by `npm run typecheck`. */
describe("the types of the reader", () => {
  it("take the names of the interface, all of them and no others", () => {
    readOptions<ExampleOptions>("f", {}, KEYS);
    readOptions<ExampleOptions>("f", {}, { ...KEYS, keys: "neverUndefined" });
    // @ts-expect-error a key that the interface lacks
    readOptions<ExampleOptions>("f", {}, { ...KEYS, modes: true });
    // @ts-expect-error a forgotten key
    readOptions<ExampleOptions>("f", {}, { mode: true, keys: true, skip: true });
    // @ts-expect-error no other marks than these two
    readOptions<ExampleOptions>("f", {}, { ...KEYS, mode: false });
    const untyped = readOptions("f", {}, { mode: true });
    // @ts-expect-error without an interface nothing can be read
    untyped.has("mode");
    expect(() => readOptions<ExampleOptions>("f", {}, KEYS).finish()).not.toThrow();
  });

  it("take the names of every member of a union", () => {
    readOptions<EitherOptions>("f", {}, { secret: true, jwksUri: true, shared: true });
    // @ts-expect-error a key of one member only is a key all the same
    readOptions<EitherOptions>("f", {}, { secret: true, shared: true });
    const reader = readOptions<EitherOptions>(
      "f",
      { jwksUri: "x" },
      { secret: true, jwksUri: true, shared: true },
      { uri: "jwksUri", key: "secret" },
    );
    expect(reader.string("jwksUri")).toBe("x");
  });

  it("let no option be read that does not exist", () => {
    const reader = readOptions<ExampleOptions>("f", {}, KEYS);
    // @ts-expect-error misspelt
    reader.boolean("modee");
    // @ts-expect-error of another interface
    reader.duration("cooldown");
    // @ts-expect-error paths of items come from the reader
    reader.note("names[0]", "must be there");
    const keys = reader.nested<KeyOptions>("keys", {}, { cooldown: true });
    // @ts-expect-error of the options around it
    keys.has("mode");
    // @ts-expect-error a nested key that its interface lacks
    reader.object<KeyOptions>("keys", { cooldown: true, cool: true });
    // @ts-expect-error a forgotten nested key
    reader.objects<KeyOptions>("keys", {});
    reader.note("", "may name the options as a whole");
    expect(reader.has("mode")).toBe(false);
  });

  it("take hints that lead to an option, a nested one or hold a sentence", () => {
    const hints = {
      dryRun: "mode",
      coolDown: "keys.cooldown",
      trust: "write keys, with a blank",
    } as const;
    readOptions<ExampleOptions>("f", {}, KEYS, hints);
    // @ts-expect-error no such option
    readOptions<ExampleOptions>("f", {}, KEYS, { dryRun: "modus" });
    // @ts-expect-error no such nested option
    readOptions<ExampleOptions>("f", {}, KEYS, { coolDown: "keys.cooling" });
    // @ts-expect-error a list has no nested options
    readOptions<ExampleOptions>("f", {}, KEYS, { first: "names.length" });
    // @ts-expect-error nor has a function
    readOptions<ExampleOptions>("f", {}, KEYS, { bind: "skip.bind" });
    const reader = readOptions<ExampleOptions>("f", {}, KEYS);
    // @ts-expect-error a hint in nested options leads to nested options
    reader.object<KeyOptions>("keys", { cooldown: true }, { dryRun: "mode" });
    expect(() => reader.finish()).not.toThrow();
  });

  it("let a reader of more options stand in for one of fewer, not the other way round", () => {
    const reader = readOptions<ExampleOptions>("f", { mode: "report" }, KEYS);
    expect(readMode(reader)).toBe("report");
    expect(readAny(reader, "mode")).toBe("report");
    // @ts-expect-error it has no `other`
    readBoth(reader);
    // @ts-expect-error it has no `other`
    readAny(reader, "other");
  });

  it("take durations and sizes as users write them", () => {
    const reader = readOptions<ExampleOptions>("f", {}, KEYS);
    // @ts-expect-error a number has no unit
    expect(() => reader.duration("mode", { default: 5000 })).toThrow("must be a duration");
    // @ts-expect-error a number has no unit
    expect(() => reader.size("mode", { max: 1024 })).toThrow("must be a size");
    expect(reader.duration("mode", { default: "5s" })).toBe(5000);
  });
});
