import { describe, expect, it } from "vitest";
import { OptionsError } from "../../src/core/options/options-error.js";
import { optionsAt, PLACES } from "../support/option-places.js";

/** What breaks code that makes text of it, or looks through all of it. */
const HOSTILE: readonly (readonly [what: string, value: unknown])[] = [
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
  ["a list of such objects", [Object.create(null)]],
  ["a list of symbols", [Symbol("a")]],
  ["a list of lists, 50,000 deep", nest(50_000)],
  [
    "an object that cannot be text",
    {
      toString() {
        throw new Error("not text");
      },
    },
  ],
  ["null", null],
];
/** Any value is right, or is read as it is: what `res.send` takes, header parameters, a schema, claims by name, checks by name. */
const ANYTHING = [
  "rateLimit.message",
  "mint.header",
  "cedar.schema",
  "oauthGuard.requiredClaims",
  "createTokenVerifier.requiredClaims",
  "oauthGuard.issuer[0].requiredClaims",
  "readyz.checks",
];

function nest(depth: number): unknown {
  let list: unknown[] = [];
  for (let level = 0; level < depth; level += 1) list = [list];
  return list;
}

describe.each(Object.entries(PLACES))("the options at %s", (_type, place) => {
  const names = [...optionsAt(place).keys()].filter(
    (name) => !ANYTHING.includes(`${place.path}.${name}`),
  );

  it.each(HOSTILE)("are not %s, and the error says so", (_what, value) => {
    const others = names.filter((name) => {
      try {
        place.create({ ...place.given, [name]: value });
        return true;
      } catch (error) {
        return !(error instanceof OptionsError);
      }
    });
    expect(others).toEqual([]);
  });
});
