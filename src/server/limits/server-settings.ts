import type { NodeServer } from "../connections/node-server.js";

/** What Node has settings of its own for, in its units. */
export interface ServerSettings {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxConnections: number;
  readonly maxRequestsPerSocket: number;
}

/** How often Node looks for heads and requests that take too long. */
const CHECK_MS = 5000;
const CHECKS = "http.server.connectionsCheckingInterval";

/**
 * Sets what the server has settings for, those of HTTP/1 where it speaks that.
 *
 * @returns What gives it back the settings that it had.
 */
export function applySettings(server: NodeServer, settings: ServerSettings): () => void {
  const { maxConnections, ...ofHttp1 } = settings;
  const given: Record<string, unknown> = { maxConnections };
  if ("headersTimeout" in server) {
    Object.assign(given, ofHttp1, {
      // The size of the head bounds the number of fields. A number would make Node drop the rest without a word.
      maxHeadersCount: 0,
      connectionsCheckingInterval: CHECK_MS,
    });
    warnOfLateCall(server);
  }
  const target = server as unknown as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(given).map((name) => [name, target[name]]));
  Object.assign(target, given);
  return () => {
    for (const [name, value] of Object.entries(before)) {
      // What somebody has set since is theirs.
      if (target[name] === given[name]) target[name] = value;
    }
  };
}

/** Node reads the interval when the server begins to listen, and not again. */
function warnOfLateCall(server: NodeServer): void {
  const interval = Object.getOwnPropertySymbols(server)
    .filter(({ description }) => description === CHECKS)
    .map((symbol) => (server as unknown as Record<symbol, unknown>)[symbol])
    .find((value) => value !== undefined && value !== null);
  const repeat = (interval as { readonly _repeat?: unknown } | undefined)?._repeat;
  if (typeof repeat !== "number" || repeat <= CHECK_MS) return;
  process.emitWarning(
    `hardenServer was called after the server had begun to listen: Node.js looks for slow requests only every ${repeat / 1000} seconds, so headersTimeout and requestTimeout take effect that much later. Call it before, or pass connectionsCheckingInterval: 5000 to createServer.`,
    { code: "EXPRESS_SECURE_API_HARDENED_LATE", type: "SecurityWarning" },
  );
}
