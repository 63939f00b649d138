import { isIPv4, isIPv6 } from "node:net";
import type { Request } from "express";

/**
 * The address of the client, in one spelling per address: IPv4 dotted, IPv6 as eight lower-case groups.
 *
 * It is `req.ip`, so Express's `trust proxy` setting decides whether forwarded addresses count. IPv4-mapped
 * (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052 §2.1) addresses are unwrapped; a zone id and a port are dropped. When
 * a trusted proxy sends something that is no address, the address of the connection counts.
 *
 * @returns `undefined` when there is none, as on a closed connection or a Unix socket.
 */
export function clientAddress(req: Request): string | undefined {
  return normalizeAddress(req.ip) ?? normalizeAddress(req.socket?.remoteAddress);
}

/** One spelling for an address, or `undefined` when the text is none. */
export function normalizeAddress(text: string | undefined): string | undefined {
  if (text === undefined || text === "" || text.length > 80) return undefined;
  if (!text.includes(":")) return isIPv4(text) ? text : undefined;
  // What a dual-stack socket reports for IPv4: by far the most frequent case.
  if (text.startsWith("::ffff:") && isIPv4(text.slice(7))) return text.slice(7);
  const bare = withoutPort(text);
  if (isIPv4(bare)) return bare;
  const zone = bare.indexOf("%");
  const address = zone === -1 ? bare : bare.slice(0, zone);
  if (!isIPv6(address)) return undefined;
  const groups = groupsOf(address);
  return embeddedIPv4(groups) ?? groups.map((group) => group.toString(16)).join(":");
}

/**
 * The network that an address is counted under: an IPv4 address itself, an IPv6 address cut to `prefix6` bits,
 * because one customer usually holds a whole /56 or /64.
 */
export function addressNetwork(address: string, prefix6: number): string {
  return address.includes(":") ? cut(address, prefix6) : address;
}

/** The address without the part that names one person: /24 for IPv4, /48 for IPv6. */
export function truncateAddress(address: string): string {
  return address.includes(":") ? cut(address, 48) : address.replace(/\.\d+$/, ".0");
}

function cut(address: string, prefix: number): string {
  const groups = address.split(":").map((group, index) => {
    const bits = Math.min(16, Math.max(0, prefix - index * 16));
    return Number.parseInt(group, 16) & (0xffff << (16 - bits)) & 0xffff;
  });
  while (groups.length > 1 && groups.at(-1) === 0) groups.pop();
  const text = groups.map((group) => group.toString(16)).join(":");
  return groups.length === 8 ? text : `${text}::`;
}

function withoutPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, text.indexOf("]") === -1 ? undefined : text.indexOf("]"));
  // "192.0.2.1:5678": one colon behind an IPv4 address; an IPv6 address has at least two.
  const colon = text.indexOf(":");
  return colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}

function groupsOf(address: string): readonly number[] {
  const [head = "", tail] = address.split("::");
  const front = numbersOf(head);
  if (tail === undefined) return front;
  const back = numbersOf(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

function numbersOf(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function embeddedIPv4(groups: readonly number[]): string | undefined {
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, high = 0, low = 0] = groups;
  const mapped = (g0 | g1 | g2 | g3 | g4) === 0 && g5 === 0xffff;
  const nat64 = g0 === 0x64 && g1 === 0xff9b && (g2 | g3 | g4 | g5) === 0;
  if (!mapped && !nat64) return undefined;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
