import { describe, expect, it } from "vitest";
import { readArguments } from "./read-arguments.js";

describe("the arguments of the command", () => {
  it("are read, with their defaults", () => {
    expect(readArguments(["routes", "./app.js"])).toEqual({
      module: "./app.js",
      exportName: undefined,
      baseline: undefined,
      updateBaseline: false,
      format: "table",
      out: undefined,
      openapi: undefined,
      probe: false,
    });
    const all =
      "routes app.js --export shop --baseline b.json --update-baseline --format=html --out o --openapi d --probe";
    expect(readArguments(all.split(" "))).toEqual({
      module: "app.js",
      exportName: "shop",
      baseline: "b.json",
      updateBaseline: true,
      format: "html",
      out: "o",
      openapi: "d",
      probe: true,
    });
  });

  it("may hold a module whose name begins with dashes, behind --", () => {
    expect(readArguments(["routes", "--", "--app.js"])?.module).toBe("--app.js");
  });

  it.each([[["--help"]], [["-h"]], [["routes", "--help"]]])("ask for help: %j", (args) => {
    expect(readArguments(args)).toBeUndefined();
  });

  it.each<[readonly string[], string]>([
    [[], "say what to do: express-secure-api routes ./app.js"],
    [["rotues", "a.js"], 'there is no command "rotues": did you mean "routes"?'],
    [["x", "a.js"], 'there is no command "x"'],
    [["routes"], "name the module of the app: express-secure-api routes ./app.js"],
    [["routes", "a.js", "b.js"], 'name one module, got "b.js" as well'],
    [
      ["routes", "a.js", "--formt", "json"],
      'there is no option "--formt": did you mean "--format"?',
    ],
    [["routes", "a.js", "--formt=json"], 'there is no option "--formt": did you mean "--format"?'],
    [
      ["routes", "a.js", "--updatebaseline"],
      'there is no option "--updatebaseline": did you mean "--update-baseline"?',
    ],
    [["routes", "a.js", "--colour"], 'there is no option "--colour": --help lists all options'],
    [["routes", "a.js", "--toString"], 'there is no option "--toString": --help lists all options'],
    [["routes", "a.js", "-x"], "Unknown option '-x'"],
    [["routes", "a.js", "--format"], "Option '--format <value>' argument missing"],
    [["routes", "a.js", "--format", "jsno"], '--format has no "jsno": did you mean "json"?'],
    [
      ["routes", "a.js", "--format", "toString"],
      '--format has no "toString": known ones are table, json',
    ],
    [["routes", "a.js", "--out="], "--out is empty: is a variable missing?"],
    [["routes", "a.js", "--baseline", ""], "--baseline is empty: is a variable missing?"],
    [["routes", "a.js", "--probe=yes"], "Option '--probe' does not take an argument"],
    [["routes", "a.js", "--out", "./a.js"], "--out would overwrite a.js: name another file"],
    [
      ["routes", "a.js", "--baseline", "./b.json", "--out", "b.json"],
      "--out would overwrite ./b.json: name another file",
    ],
    [
      ["routes", "a.js", "--openapi", "c.json", "--out", "c.json"],
      "--out would overwrite c.json: name another file",
    ],
    [
      ["routes", "a.js", "--update-baseline"],
      "--update-baseline needs --baseline <file>, the file to write",
    ],
  ])("that are wrong are one line: %j", (args, line) => {
    expect(() => readArguments(args)).toThrow(
      expect.objectContaining({ name: "CommandError", message: expect.stringContaining(line) }),
    );
  });
});
