import fc from "fast-check";
import { parseItem, serializeItem } from "structured-headers";
import { describe, expect, it } from "vitest";
import {
  addVary,
  challenge,
  isPrintableAscii,
  isToken,
  quotedString,
  sfInteger,
  sfString,
} from "./header-values.js";

/** quoted-string of RFC 9110 §5.6.4. */
const QUOTED_STRING = /^"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"$/;
const anyText = fc.string({ unit: "binary" });
const printable = fc.string({ unit: "grapheme-ascii" });

describe("quotedString", () => {
  it("is always a quoted-string that Node sends as it is, whatever the text", () => {
    fc.assert(fc.property(anyText, (text) => QUOTED_STRING.test(quotedString(text))));
    expect(quotedString('a"b\\c\r\nSet-Cookie: x=1\u2028é\u0000d')).toBe('"abcSet-Cookie: x=1d"');
  });

  it("leaves text that RFC 6750 §3 allows unchanged", () => {
    fc.assert(
      fc.property(printable, (text) => {
        fc.pre(!/["\\]/.test(text));
        expect(quotedString(text)).toBe(`"${text}"`);
      }),
    );
  });
});

describe("challenge", () => {
  it("is the scheme alone without parameters", () => {
    expect(challenge("Bearer", {})).toBe("Bearer");
    expect(challenge("Bearer", { realm: undefined })).toBe("Bearer");
  });

  it("quotes every parameter and leaves out undefined ones", () => {
    expect(challenge("Bearer", { realm: "api", error: undefined, scope: "a b" })).toBe(
      'Bearer realm="api", scope="a b"',
    );
  });
});

describe("sfString", () => {
  it("serialises as the reference implementation does", () => {
    fc.assert(
      fc.property(printable, (text) => {
        expect(sfString(text)).toBe(serializeItem([text, new Map()]));
        expect(parseItem(sfString(text))[0]).toBe(text);
      }),
    );
  });

  it.each(["é", "a\nb", "\u0000", "\u007f", "\u{1f600}"])("refuses %j", (text) => {
    expect(() => sfString(text)).toThrow(RangeError);
    expect(isPrintableAscii(text)).toBe(false);
  });
});

describe("sfInteger", () => {
  it("serialises as the reference implementation does", () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }), (value) => {
        expect(sfInteger(value)).toBe(serializeItem([value, new Map()]));
        expect(parseItem(sfInteger(value))[0]).toBe(value);
      }),
    );
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e15, -1e15])("refuses %d", (value) => {
    expect(() => sfInteger(value)).toThrow(RangeError);
  });
});

describe("isToken", () => {
  it.each(["Authorization", "X-Request-Id", "GET", "a!#$%&'*+-.^_`|~9"])("takes %s", (text) => {
    expect(isToken(text)).toBe(true);
  });

  it.each(["", "a b", "a:b", "a\r\nb", "a/b", '"a"', "é"])("refuses %j", (text) => {
    expect(isToken(text)).toBe(false);
  });
});

describe("addVary", () => {
  it.each<[unknown, string, string]>([
    [undefined, "Origin", "Origin"],
    ["", "Origin", "Origin"],
    ["Accept", "Origin", "Accept, Origin"],
    ["Accept, origin", "Origin", "Accept, origin"],
    ["*", "Origin", "*"],
    ["Accept, *", "Origin", "Accept, *"],
    ["X-Origin", "Origin", "X-Origin, Origin"],
    [["Accept", "Cookie"], "Origin", "Accept, Cookie, Origin"],
    [["Accept", "Origin"], "Origin", "Accept, Origin"],
  ])("to %j adds %s as %s", (current, name, expected) => {
    expect(addVary(current, name)).toBe(expected);
  });
});
