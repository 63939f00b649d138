import { describe, expect, it } from "vitest";
import { FORMATS } from "./formats.js";

const CASES: Record<string, { valid: string[]; invalid: string[] }> = {
  date: {
    valid: ["2024-02-29", "2000-02-29", "0001-01-01", "2026-12-31"],
    invalid: [
      "2023-02-29",
      "1900-02-29",
      "2024-13-01",
      "2024-00-10",
      "2024-04-31",
      "24-01-01",
      "2024-1-1",
      "2024-01-01Z",
      "２024-01-01",
    ],
  },
  time: {
    valid: [
      "23:59:59Z",
      "00:00:00+14:00",
      "12:00:00.123z",
      "23:59:60Z",
      "15:59:60-08:00",
      "00:29:60+00:30",
    ],
    invalid: [
      "24:00:00Z",
      "12:60:00Z",
      "12:00:61Z",
      "22:59:60Z",
      "12:00:00",
      "12:00:00+24:00",
      "12:00Z",
    ],
  },
  "date-time": {
    valid: ["2024-02-29T12:00:00Z", "1985-04-12t23:20:50.52z"],
    invalid: ["2024-02-30T12:00:00Z", "2024-02-29 12:00:00Z", "2024-02-29T12:00:00", "2024-02-29"],
  },
  email: {
    valid: ["a@b.co", "first.last+tag@sub.example.com", "user@localhost"],
    invalid: [
      "a@",
      "@b.co",
      "a b@c.co",
      "a..b@c.co",
      ".a@c.co",
      "a@-b.co",
      "a@b..co",
      `${"a".repeat(65)}@b.co`,
      "a@b@c.co",
      "é@b.co",
    ],
  },
  hostname: {
    valid: ["example.com", "a", "xn--bcher-kva.example"],
    invalid: ["", "-a.com", "a-.com", "a_b.com", "example.com.", `${"a".repeat(64)}.com`, "a..b"],
  },
  ipv4: { valid: ["127.0.0.1"], invalid: ["127.0.0.256", "127.0.0.01", "127.1"] },
  ipv6: { valid: ["::1", "2001:db8::1"], invalid: ["::1%eth0", "1::2::3", "127.0.0.1"] },
  uri: {
    valid: [
      "https://example.com/a?b=c#d",
      "urn:isbn:0451450523",
      "mailto:a@b.co",
      "https://[::1]:8080/",
    ],
    invalid: [
      "example.com",
      "//example.com",
      "https://a b",
      "https:\\\\a",
      "https://a/%zz",
      "https:a",
      "http://",
      "javascript",
      "https://a<b>",
      "https://é.com",
    ],
  },
  uuid: {
    valid: ["3f1c6a1e-5c0b-4b1c-9d58-4a1f0a1c2d3e", "3F1C6A1E-5C0B-4B1C-9D58-4A1F0A1C2D3E"],
    invalid: ["3f1c6a1e5c0b4b1c9d584a1f0a1c2d3e", "3f1c6a1e-5c0b-4b1c-9d58-4a1f0a1c2d3g"],
  },
};

describe.each(Object.entries(CASES))("the format %s", (name, { valid, invalid }) => {
  it.each(valid)("takes %s", (text) => expect(FORMATS[name]?.(text)).toBe(true));
  it.each(invalid)("refuses %s", (text) => expect(FORMATS[name]?.(text)).toBe(false));
});

describe("FORMATS", () => {
  it("do not hand a host to the parser of URLs that is too long for one, since some need quadratic time", () => {
    expect(FORMATS["uri"]?.(`http://${"%E4%B8%AD".repeat(500)}/`)).toBe(false);
    expect(FORMATS["uri"]?.(`http://${"a.".repeat(2100)}com/`)).toBe(false);
    expect(FORMATS["uri"]?.(`https://a.example/${"a/".repeat(5000)}`)).toBe(true);
  });

  it("are all tested, and answer for long hostile texts at once", () => {
    expect(Object.keys(FORMATS).sort()).toEqual(Object.keys(CASES).sort());
    // A quadratic check would take minutes for a text of this length.
    for (const check of Object.values(FORMATS)) {
      for (const piece of ["a", "a.", "1:", "%41", "a@", "-"]) check(`${piece.repeat(500_000)}!`);
    }
  });
});
