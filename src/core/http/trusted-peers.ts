import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { OptionsReader } from "../options/options-reader.js";
import { describeValue } from "../options/value.js";
import { normalizeAddress } from "./client-address.js";

/** Whether the peer of a connection is one of the trusted ones. */
export type PeerCheck = (address: string | undefined) => boolean;

const MUST = 'must be an IP address or a network such as "10.0.0.0/8"';

/** What `trust proxy` calls them. */
const NAMES_OF_EXPRESS: Readonly<Record<string, string>> = {
  loopback: '["127.0.0.0/8", "::1"]',
  linklocal: '["169.254.0.0/16", "fe80::/10"]',
  uniquelocal: '["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]',
};

/**
 * Reads a list of addresses and networks, such as `10.0.0.0/8` or `fd00::1`.
 *
 * The check takes what the socket reports, IPv4-mapped addresses and zone ids included. Only the connection counts,
 * never a forwarded address. Nobody is trusted when the option is left out.
 */
export function readTrustedPeers<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
  presence: { readonly required?: boolean } = {},
): PeerCheck {
  const peers = new BlockList();
  reader.strings(key, { ...presence, check: (entry) => addPeer(peers, entry) });

  return (address) => {
    if (address === undefined) return false;
    if (isIPv4(address)) return peers.check(address, "ipv4");
    return isIPv6(address) && peers.check(address, "ipv6");
  };
}

function addPeer(peers: BlockList, entry: string): string | undefined {
  const [address = "", prefix, ...rest] = entry.split("/");
  const family = familyOf(address);
  if (/\S[,\s]+\S/.test(entry)) return "must be one address or network: write several as a list";
  const express = Object.hasOwn(NAMES_OF_EXPRESS, entry) ? NAMES_OF_EXPRESS[entry] : undefined;
  if (express !== undefined) return `${MUST}, got "${entry}": write ${express}`;
  if (rest.length > 0) return `${MUST}, got ${describeValue(entry)}`;
  if (family === undefined)
    return `${MUST}, got ${otherSpelling(address, prefix) ?? describeValue(entry)}`;
  if (prefix === undefined) {
    peers.addAddress(address, family);
    return undefined;
  }
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (bits === 0) return `${MUST}, got one that trusts every address`;
  const length = family === "ipv4" ? 32 : 128;
  if (!(bits <= length)) return `${MUST}, got a prefix length that does not fit the address`;
  if (bits < (family === "ipv4" ? 8 : 7)) return `${MUST}, got one that trusts half the world`;
  const value = numberOf(address, family);
  // Besides ::1 there are only other spellings of IPv4 addresses here.
  if (family === "ipv6" && bits < 128 && value >> 96n === 0n)
    return `${MUST}, got IPv4 addresses spelt as IPv6`;
  if ((value & ((1n << BigInt(length - bits)) - 1n)) !== 0n)
    return `${MUST}, got an address with the prefix of a network: leave the prefix out, or write the first address of the network`;
  peers.addSubnet(address, bits, family);
  return undefined;
}

function numberOf(address: string, family: "ipv4" | "ipv6"): bigint {
  const groups = normalizeAddress(address)?.split(family === "ipv4" ? "." : ":") ?? [];
  return groups.reduce(
    (value, group) =>
      family === "ipv4"
        ? value * 256n + BigInt(group)
        : value * 65_536n + BigInt(Number.parseInt(group, 16)),
    0n,
  );
}

/** What to write for an address that is one, but not in the spelling that is compared. */
function otherSpelling(address: string, prefix: string | undefined): string | undefined {
  if (!isIPv6(address)) return undefined;
  if (address.includes("%")) return 'an address with a zone: leave out "%" and what follows it';
  const plain = normalizeAddress(address);
  if (prefix === undefined) return `an IPv4 address spelt as IPv6: write "${plain}"`;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - 96 : Number.NaN;
  return bits >= 8 && bits <= 32
    ? `an IPv4 network spelt as IPv6: write "${plain}/${bits}"`
    : undefined;
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  if (isIPv4(address)) return "ipv4";
  // A zone id means something on one machine only; a mapped address is written as the IPv4 address that it is.
  if (!isIPv6(address) || address.includes("%")) return undefined;
  return normalizeAddress(address)?.includes(":") === true ? "ipv6" : undefined;
}
