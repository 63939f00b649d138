import { ipKeyGenerator as theirs } from "express-rate-limit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipKeyGenerator } from "./index.js";

/** Any IPv6 address that holds no IPv4 address, in one of its spellings. */
const ipv6 = fc
  .tuple(
    fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    }),
    fc.boolean(),
    fc.boolean(),
  )
  .filter(([groups]) => groups.slice(0, 5).some((group) => group !== 0) && groups[0] !== 0x64)
  .map(([groups, isLong, isUpper]) => {
    const text = groups.map((group) => group.toString(16).padStart(isLong ? 4 : 1, "0")).join(":");
    return isUpper ? text.toUpperCase() : text;
  });
const prefixes = fc.constantFrom<number | false>(32, 48, 52, 56, 60, 63, 64, 65, 100, 127, 128);

describe("ipKeyGenerator", () => {
  it("gives the keys of express-rate-limit, so that counts in a database stay what they are", () => {
    fc.assert(
      fc.property(ipv6, prefixes, (address, prefix) => {
        expect(ipKeyGenerator(address, prefix)).toBe(theirs(address, prefix));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::/56"],
    ["2001:db8:0:1ff::1", "2001:db8:0:100::/56"],
    ["::1", "::/56"],
    ["fe80::1%eth0", "fe80::/56"],
    ["no address", "no address"],
    ["", ""],
  ])("gives the key that express-rate-limit gives for %s", (address, key) => {
    expect(ipKeyGenerator(address)).toBe(key);
    expect(theirs(address)).toBe(key);
  });

  it.each([
    ["64:ff9b::192.0.2.1", 56, "192.0.2.1"],
    ["192.0.2.1:5678", 56, "192.0.2.1"],
    ["[2001:db8::1]:5678", 56, "2001:db8::/56"],
    ["2001:DB8:0:0::1", false, "2001:db8::1"],
    ["fe80::1%eth0", false, "fe80::1"],
  ] as const)("knows better than express-rate-limit what %s with %s is", (address, prefix, key) => {
    expect(ipKeyGenerator(address, prefix)).toBe(key);
    expect(theirs(address, prefix)).not.toBe(key);
  });

  it("gives a whole address without a prefix for false and 0", () => {
    for (const prefix of [false, 0] as const)
      expect(ipKeyGenerator("2001:db8::1", prefix)).toBe("2001:db8::1");
  });

  it.each([-1, 129, 1.5, Number.NaN, "56", null])("refuses a prefix of %s", (prefix) => {
    expect(() => ipKeyGenerator("2001:db8::1", prefix as number)).toThrow(RangeError);
  });

  it("hands back what is no text", () => {
    expect(ipKeyGenerator(undefined as unknown as string)).toBeUndefined();
  });
});
