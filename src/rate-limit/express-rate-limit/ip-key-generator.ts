import { normalizeAddress } from "../../core/http/client-address.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";

const GROUP_BITS = 16;

/**
 * The key of an address, for a `keyGenerator` that falls back to it: an IPv4 address itself, an IPv6 address cut to its
 * network, as `2001:db8:0:100::/56`. One customer usually holds a whole network, and could use a new address for each
 * request.
 *
 * IPv4 addresses within IPv6 ones (IPv4-mapped, RFC 4291 §2.5.5.2; NAT64, RFC 6052 §2.1) are unwrapped, and a port and
 * a zone id dropped. What is no address is given back as it is.
 *
 * @param ip - Usually `req.ip`.
 * @param ipv6Subnet - Leading bits of an IPv6 address that count, from 1 to 128. `false` and 0: all of them, without `/128`.
 * @throws RangeError when `ipv6Subnet` is neither.
 */
export function ipKeyGenerator(ip: string, ipv6Subnet: number | false = 56): string {
  assertNotMounted("ipKeyGenerator", ip, "rateLimit({ keyGenerator })");
  if (ipv6Subnet !== false && !isPrefix(ipv6Subnet))
    throw new RangeError(
      "ipKeyGenerator: ipv6Subnet must be a whole number from 1 to 128, or false",
    );
  const address = typeof ip === "string" ? normalizeAddress(ip) : undefined;
  return address === undefined ? ip : addressKey(address, ipv6Subnet);
}

/** The key of an address in the spelling of `normalizeAddress`. */
export function addressKey(address: string, prefix: number | false): string {
  if (!address.includes(":")) return address;
  const groups = address.split(":").map((group) => Number.parseInt(group, 16));
  if (prefix === false || prefix === 0) return shortest(groups);
  const kept = groups.map((group, index) => group & maskOf(prefix - index * GROUP_BITS));
  return `${shortest(kept)}/${prefix}`;
}

function isPrefix(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 128;
}

/** The mask of a group of which so many leading bits count. */
function maskOf(bits: number): number {
  return 0xffff & (0xffff << (GROUP_BITS - Math.max(0, Math.min(bits, GROUP_BITS))));
}

/** The one spelling of RFC 5952 §4: without leading zeros, and `::` for the first of the longest runs of zeros. */
function shortest(groups: readonly number[]): string {
  let [start, length] = [-1, 1];
  for (let index = 0; index < groups.length; index += 1) {
    let end = index;
    while (groups[end] === 0) end += 1;
    if (end - index > length) [start, length] = [index, end - index];
    if (end > index) index = end;
  }
  const text = (from: number, to?: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return start === -1 ? text(0) : `${text(0, start)}::${text(start + length)}`;
}
