import { isIP } from "node:net";
import type { Request } from "express";
import fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import {
  addressNetwork,
  clientAddress,
  normalizeAddress,
  truncateAddress,
} from "./client-address.js";

describe("normalizeAddress", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["an IPv4 address", "192.0.2.1", "192.0.2.1"],
    ["the largest IPv4 address", "255.255.255.255", "255.255.255.255"],
    ["an IPv4 address with a port", "192.0.2.1:5678", "192.0.2.1"],
    ["an IPv4-mapped address, dotted", "::ffff:192.0.2.1", "192.0.2.1"],
    ["an IPv4-mapped address in capitals", "::FFFF:192.0.2.1", "192.0.2.1"],
    ["an IPv4-mapped address in hexadecimal", "::ffff:c000:201", "192.0.2.1"],
    ["an IPv4-mapped address with leading zeros", "::ffff:c000:0201", "192.0.2.1"],
    ["an IPv4-mapped address in full", "0:0:0:0:0:ffff:c000:0201", "192.0.2.1"],
    [
      "an IPv4-mapped address in full, dotted",
      "0000:0000:0000:0000:0000:ffff:192.0.2.1",
      "192.0.2.1",
    ],
    ["an IPv4-mapped address with brackets and a port", "[::ffff:192.0.2.1]:443", "192.0.2.1"],
    ["an IPv4-mapped address with a zone id", "::ffff:192.0.2.1%eth0", "192.0.2.1"],
    ["a NAT64 address, dotted", "64:ff9b::192.0.2.1", "192.0.2.1"],
    ["a NAT64 address in hexadecimal", "64:ff9b::c000:201", "192.0.2.1"],
    ["a NAT64 address in capitals with zeros", "0064:FF9B:0:0:0:0:C000:0201", "192.0.2.1"],
    ["an IPv6 address", "2001:db8::1", "2001:db8:0:0:0:0:0:1"],
    ["an IPv6 address in capitals", "2001:DB8::A", "2001:db8:0:0:0:0:0:a"],
    ["an IPv6 address in full", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8:0:0:0:0:0:1"],
    ["an IPv6 address with brackets", "[2001:db8::1]", "2001:db8:0:0:0:0:0:1"],
    ["an IPv6 address with brackets and a port", "[2001:db8::1]:443", "2001:db8:0:0:0:0:0:1"],
    ["an IPv6 address with a zone id", "fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
    ["an IPv6 address with brackets and a zone id", "[fe80::1%25eth0]:80", "fe80:0:0:0:0:0:0:1"],
    ["an IPv6 address that ends in dots", "2001:db8::192.0.2.1", "2001:db8:0:0:0:0:c000:201"],
    ["the IPv6 loopback", "::1", "0:0:0:0:0:0:0:1"],
    ["the unspecified IPv6 address", "::", "0:0:0:0:0:0:0:0"],
    ["a run of zeros at the end", "2001:db8::", "2001:db8:0:0:0:0:0:0"],
    ["one group of zeros written as ::", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    [
      "the local-use NAT64 prefix, which is no IPv4 address",
      "64:ff9b:1::c000:201",
      "64:ff9b:1:0:0:0:c000:201",
    ],
    ["a deprecated IPv4-compatible address", "::192.0.2.1", "0:0:0:0:0:0:c000:201"],
    ["nothing", undefined, undefined],
    ["an empty string", "", undefined],
    ["a host name", "proxy.internal", undefined],
    ["unknown, as RFC 7239 allows", "unknown", undefined],
    ["an obfuscated identifier of RFC 7239", "_hidden", undefined],
    ["an IPv4 address with leading zeros", "010.0.0.1", undefined],
    ["an IPv4 address in hexadecimal", "0x7f.0.0.1", undefined],
    ["an IPv4 address as one number", "3221225985", undefined],
    ["three octets", "192.0.2", undefined],
    ["an octet too large", "192.0.2.256", undefined],
    ["a list of addresses", "192.0.2.1, 198.51.100.1", undefined],
    ["an IPv4-mapped address with too large an octet", "::ffff:192.0.2.256", undefined],
    ["two runs of zeros", "1::2::3", undefined],
    ["nine groups", "1:2:3:4:5:6:7:8:9", undefined],
    ["seven groups", "1:2:3:4:5:6:7", undefined],
    ["an address with white space", " 192.0.2.1", undefined],
    ["an address with a line feed", "192.0.2.1\n", undefined],
    ["brackets around nothing", "[]:80", undefined],
    ["an open bracket", "[", undefined],
    ["a colon", ":", undefined],
    ["a zone id that is far too long", `fe80::1%${"e".repeat(80)}`, undefined],
  ])("reads %s", (_what, text, expected) => {
    expect(normalizeAddress(text)).toBe(expected);
  });

  it("gives an address or nothing for any text, and the same for what it gave", () => {
    const text = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-fA-F:.%[\]]{0,40}$/),
    );
    fc.assert(
      fc.property(text, (given) => {
        const address = normalizeAddress(given);
        if (address === undefined) return;
        expect(isIP(address)).not.toBe(0);
        expect(normalizeAddress(address)).toBe(address);
      }),
      { numRuns: 1000 },
    );
  });

  it("gives one spelling for all spellings of an IPv6 address", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        // The URL parser is an independent reader of IPv6; its serialisation differs in letters and zeros only.
        const canonical = new URL(`http://[${address}]/`).hostname;
        expect(normalizeAddress(canonical)).toBe(normalizeAddress(address));
        expect(normalizeAddress(address.toUpperCase())).toBe(normalizeAddress(address));
      }),
    );
  });
});

describe("addressNetwork", () => {
  it.each<[string, number, string]>([
    ["192.0.2.1", 64, "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6"],
    ["2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"],
    ["2001:db8:1:2ff:3:4:5:6", 56, "2001:db8:1:200::"],
    ["2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"],
    ["2001:db8:1:2:3:4:5:6", 33, "2001:db8::"],
    ["2001:db8:ffff:2:3:4:5:6", 33, "2001:db8:8000::"],
  ])("cuts %s to %i bits as %s", (address, prefix, expected) => {
    expect(addressNetwork(address, prefix)).toBe(expected);
  });

  it("puts two addresses together when they share the prefix, and only then", () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    const address = fc.array(group, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        address,
        address,
        fc.integer({ min: 32, max: 128 }),
        fc.nat({ max: 127 }),
        (one, two, prefix, flip) => {
          const text = (groups: readonly number[]): string =>
            groups.map((value) => value.toString(16)).join(":");
          const bits = (groups: readonly number[]): string =>
            groups.map((value) => value.toString(2).padStart(16, "0")).join("");
          const near = one.map((value, index) =>
            index === flip >> 4 ? value ^ (0x8000 >> (flip & 15)) : value,
          );
          for (const other of [two, near]) {
            const together =
              addressNetwork(text(one), prefix) === addressNetwork(text(other), prefix);
            expect(together).toBe(bits(one).slice(0, prefix) === bits(other).slice(0, prefix));
          }
        },
      ),
    );
  });

  it("gives an address that can be read again", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 1, max: 128 }), (address, prefix) => {
        const normal = normalizeAddress(address) ?? "";
        expect(isIP(addressNetwork(normal, prefix))).not.toBe(0);
      }),
    );
  });
});

describe("truncateAddress", () => {
  it.each([
    ["192.0.2.123", "192.0.2.0"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1::"],
    ["0:0:0:0:0:0:0:1", "0::"],
  ])("cuts %s to %s", (address, expected) => {
    expect(truncateAddress(address)).toBe(expected);
  });
});

describe("clientAddress", () => {
  it("is the address of the connection when a trusted proxy sends none", () => {
    const req = {
      ip: "unknown",
      socket: { remoteAddress: "::ffff:10.0.0.1" },
    } as unknown as Request;
    expect(clientAddress(req)).toBe("10.0.0.1");
  });

  it("is undefined on a closed connection, on a Unix socket and without a socket", () => {
    expect(
      clientAddress({ socket: { remoteAddress: undefined } } as unknown as Request),
    ).toBeUndefined();
    expect(clientAddress({ ip: undefined } as unknown as Request)).toBeUndefined();
  });

  it.each(expressVersions)("follows trust proxy on Express %s", async (_major, express) => {
    const app = express();
    app.get("/", (req, res) => void res.json(clientAddress(req)));
    const fields = { "X-Forwarded-For": "2001:DB8::1" };
    const untrusted = await request(app).get("/").set(fields).expect(200);
    expect(untrusted.body).toBe("127.0.0.1");
    app.set("trust proxy", 1);
    const trusted = await request(app).get("/").set(fields).expect(200);
    expect(trusted.body).toBe("2001:db8:0:0:0:0:0:1");
  });

  it.each(expressVersions)(
    "follows the setting of the app that asks on Express %s",
    async (_major, express) => {
      const seen: unknown[] = [];
      const inner = express().set("trust proxy", true);
      inner.use((req, res) => {
        seen.push(clientAddress(req));
        res.end();
      });
      const app = express();
      app.use((req, _res, next) => {
        seen.push(clientAddress(req));
        next();
      });
      app.use(inner);
      await request(app).get("/").set("X-Forwarded-For", "192.0.2.9").expect(200);
      expect(seen).toEqual(["127.0.0.1", "192.0.2.9"]);
    },
  );
});
