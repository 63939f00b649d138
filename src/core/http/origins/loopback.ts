import { isIPv4 } from "node:net";

/** Whether the host name is `localhost` or below it (RFC 6761 §6.3). */
export function isLocalName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/** Whether the host, as `URL` spells it, is this machine: a local name, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(host: string): boolean {
  return isLocalName(host) || host === "[::1]" || (isIPv4(host) && host.startsWith("127."));
}
