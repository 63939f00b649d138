import { isIPv4, isIPv6 } from "node:net";
import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";

/** What was found, and the app whose `trust proxy` setting it depends on. */
const known = requestSlot<{ readonly address: string | undefined; readonly app: unknown }>(
  "address",
);

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
  const { app } = req as { readonly app?: unknown };
  const earlier = known.get(req);
  // An app mounted in another one has a setting of its own.
  if (earlier !== undefined && earlier.app === app && app !== undefined) return earlier.address;
  const address = normalizeAddress(req.ip) ?? normalizeAddress(req.socket?.remoteAddress);
  known.set(req, { address, app });
  return address;
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
  return address.includes(":")
    ? cut(address, 48)
    : `${address.slice(0, address.lastIndexOf("."))}.0`;
}

function cut(address: string, prefix: number): string {
  let start = 0;
  let text = "";
  let withoutZeros = "";
  for (let bits = prefix; bits > 0; bits -= 16) {
    const end = address.indexOf(":", start);
    const group = address.slice(start, end === -1 ? undefined : end);
    const mask = 0xffff << Math.max(0, 16 - bits);
    const kept = bits >= 16 ? group : (Number.parseInt(group, 16) & mask).toString(16);
    text += start === 0 ? kept : `:${kept}`;
    if (start === 0 || kept !== "0") withoutZeros = text;
    if (end === -1) return text === withoutZeros ? text : `${withoutZeros}::`;
    start = end + 1;
  }
  return `${withoutZeros}::`;
}

function withoutPort(text: string): string {
  if (text.startsWith("["))
    return text.slice(1, text.indexOf("]") === -1 ? undefined : text.indexOf("]"));
  // "192.0.2.1:5678": one colon behind an IPv4 address; an IPv6 address has at least two.
  const colon = text.indexOf(":");
  return colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}

function groupsOf(address: string): readonly number[] {
  const gap = address.indexOf("::");
  if (gap === -1) return numbersOf(address);
  const groups = numbersOf(address.slice(0, gap));
  const back = numbersOf(address.slice(gap + 2));
  while (groups.length + back.length < 8) groups.push(0);
  for (const group of back) groups.push(group);
  return groups;
}

function numbersOf(part: string): number[] {
  const numbers: number[] = [];
  if (part === "") return numbers;
  for (const group of part.split(":")) {
    if (group.includes(".")) {
      const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      numbers.push(a * 256 + b, c * 256 + d);
    } else {
      numbers.push(Number.parseInt(group, 16));
    }
  }
  return numbers;
}

function embeddedIPv4(groups: readonly number[]): string | undefined {
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, high = 0, low = 0] = groups;
  const mapped = (g0 | g1 | g2 | g3 | g4) === 0 && g5 === 0xffff;
  const nat64 = g0 === 0x64 && g1 === 0xff9b && (g2 | g3 | g4 | g5) === 0;
  if (!mapped && !nat64) return undefined;
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
