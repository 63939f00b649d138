import { describe, expect, it } from "vitest";
import { readOptions } from "../options/options-reader.js";
import { readTrustedPeers } from "./trusted-peers.js";

/** Options that may be anything. */
type Named<Key extends string> = Readonly<Record<Key, unknown>>;

function isTrusted(peers: unknown, address: string | undefined): boolean {
  const reader = readOptions<Named<"peers">>("factory", { peers }, { peers: true });
  const check = readTrustedPeers(reader, "peers");
  reader.finish();
  return check(address);
}

describe("readTrustedPeers", () => {
  it.each<[string | readonly string[], string | undefined, boolean]>([
    ["10.0.0.5", "10.0.0.5", true],
    ["10.0.0.5", "10.0.0.50", false],
    ["10.0.0.5", "::ffff:10.0.0.5", true],
    ["10.0.0.5", "::ffff:a00:5", true],
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["10.0.0.5/32", "10.0.0.5", true],
    ["10.0.0.5/32", "10.0.0.4", false],
    ["10.0.0.0/8", "64:ff9b::10.0.0.5", false],
    ["fd00:12::/64", "fd00:12::1", true],
    ["fd00:12::/64", "fd00:12:0:1::1", false],
    ["FD00:12::1", "fd00:12:0:0:0:0:0:1", true],
    ["fe80::/10", "fe80::1%eth0", true],
    ["::1", "::1", true],
    ["::1", "127.0.0.1", false],
    [["192.0.2.1", "::1"], "::1", true],
    ["10.0.0.5", undefined, false],
    ["10.0.0.5", "", false],
    ["10.0.0.5", "garbage", false],
    ["10.0.0.5", "10.0.0.5:443", false],
  ])("of %j, %s is %s", (peers, address, expected) => {
    expect(isTrusted(peers, address)).toBe(expected);
  });

  it.each([
    "localhost",
    "loopback",
    "10.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0/8 ",
    "::/0",
    "0.0.0.0/0",
    "fe80::1%eth0",
    "fd00::/129",
    "::ffff:10.0.0.0/104",
    "/8",
    "010.0.0.1",
    "*",
    "10.0.0.0/255.0.0.0",
  ])("refuses %j at start-up", (entry) => {
    expect(() => isTrusted(entry, "10.0.0.1")).toThrow(
      'factory.peers must be an IP address or a network such as "10.0.0.0/8", got',
    );
  });

  it.each([
    ["::ffff:127.0.0.1", 'an IPv4 address spelt as IPv6: write "127.0.0.1"'],
    ["::FFFF:7f00:1", 'an IPv4 address spelt as IPv6: write "127.0.0.1"'],
    ["64:ff9b::10.0.0.5", 'an IPv4 address spelt as IPv6: write "10.0.0.5"'],
    ["::ffff:10.0.0.0/104", 'an IPv4 network spelt as IPv6: write "10.0.0.0/8"'],
    ["::ffff:10.0.0.5/128", 'an IPv4 network spelt as IPv6: write "10.0.0.5/32"'],
    ["::ffff:10.0.0.0/8", "a string of 17 characters"],
    ["::ffff:0.0.0.0/96", "a string of 17 characters"],
    ["fe80::1%eth0", 'an address with a zone: leave out "%" and what follows it'],
    ["fe80::%eth0/10", 'an address with a zone: leave out "%" and what follows it'],
  ])("says what to write in place of %j", (entry, got) => {
    expect(() => isTrusted(entry, "10.0.0.1")).toThrow(
      `factory.peers must be an IP address or a network such as "10.0.0.0/8", got ${got}`,
    );
  });
});
