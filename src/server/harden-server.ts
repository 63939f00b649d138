import type { IncomingMessage } from "node:http";
import { opens, type PathPattern } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { Connections } from "./connections/connections.js";
import { type NodeServer, speaksHttp1 } from "./connections/node-server.js";
import { noteServer } from "./connections/note-server.js";
import type { HardenedServer, HardenServerOptions } from "./harden-server-options.js";
import { answerClientErrors } from "./limits/client-errors.js";
import { evictIdle } from "./limits/idle-eviction.js";
import { createCounts } from "./limits/limit-counts.js";
import { applySettings, type ServerSettings } from "./limits/server-settings.js";
import { SlowClients } from "./limits/slow-clients.js";

const KEYS: OptionKeys<HardenServerOptions> = {
  headersTimeout: true,
  requestTimeout: true,
  keepAliveTimeout: true,
  maxHeaderSize: true,
  maxConnections: "neverUndefined",
  maxRequestsPerSocket: "neverUndefined",
  stallTimeout: true,
  minRate: true,
  slowAt: true,
};
/** Of Node's own settings, and of other servers. */
export const HARDEN_HINTS: Hints<HardenServerOptions> = {
  timeout: "stallTimeout",
  idleTimeout: "keepAliveTimeout",
  headerTimeout: "headersTimeout",
  bodyTimeout: "requestTimeout",
  maxHeadersCount: "write maxHeaderSize: a number of fields would drop the rest without a word",
  connectionsCheckingInterval:
    "leave it out, hardenServer sets it: call hardenServer before the server listens",
  handshakeTimeout: "write it in the options of the server: tlsOptions() has it",
};
const CALL = "hardenServer(app.listen(3000))";
/** Options that say something about HTTP/1 alone. */
const OF_HTTP1 = [
  "headersTimeout",
  "maxHeaderSize",
  "maxRequestsPerSocket",
  "minRate",
  "slowAt",
] as const;

interface ReadSettings extends ServerSettings {
  readonly stallTimeout: number;
  readonly minRate: number;
  readonly slowAt: readonly PathPattern[];
}

const hardened = new WeakMap<NodeServer, HardenedServer>();

/**
 * Gives a server of `node:http`, `node:https` or `node:http2` limits against slow clients and too many of them, and
 * timeouts that fit a load balancer. Call it before the server listens, or in the same turn: `hardenServer(app.listen(3000))`.
 * Later, Node keeps to looking for slow heads every 30 seconds only, which a process warning says.
 *
 * Requests that are no HTTP, too large or too slow never reach a middleware. They are answered 400 `bad_request`, 431
 * `request_refused` or 408 `request_timeout` as `application/problem+json`, and counted. No field of a head is dropped:
 * Node alone drops those behind the 2,000th without a word.
 *
 * Called again for the same server, the last call counts.
 *
 * It does not limit the size of bodies (`jsonBody` does), TLS handshakes (`tlsOptions` does), how many requests come, or
 * how many connections one address may have. Over HTTP/2, `stallTimeout`, `requestTimeout`, `keepAliveTimeout` and
 * `maxConnections` hold; the first two for `request` events only, not for streams that the app takes itself.
 *
 * @throws OptionsError when an option is unknown or wrong, or has no effect on this server.
 * @see RFC 9110 §15.5.9, RFC 6585 §5
 */
export function hardenServer(
  server: NodeServer,
  options: HardenServerOptions = {},
): HardenedServer {
  const reader = readOptions<HardenServerOptions>(
    "hardenServer",
    options,
    KEYS,
    HARDEN_HINTS,
    CALL,
  );
  noteServer(reader.problems, "hardenServer", server, CALL);
  const settings = readSettings(reader, server);
  reader.finish();

  hardened.get(server)?.close();
  const connections = Connections.of(server);
  const counts = createCounts();
  connections.use();
  const undo = [
    applySettings(server, settings),
    answerClientErrors(connections, counts),
    evictIdle(connections, settings.maxConnections, counts),
  ];
  const { stallTimeout: stall, minRate: rate, slowAt, requestTimeout, keepAliveTimeout } = settings;
  const mayBeSlow = (req: IncomingMessage): boolean => isOpen(req, slowAt);
  const slow = new SlowClients(
    connections,
    { pace: { stall, rate }, requestTimeout, keepAliveTimeout, mayBeSlow },
    counts,
  );
  let isClosed = false;
  const made: HardenedServer = Object.freeze({
    stats: () => ({
      connections: connections.sockets.size,
      idle: connections.idle.size,
      requests: connections.exchanges.size,
      ...counts,
    }),
    close() {
      if (isClosed) return;
      isClosed = true;
      slow.close();
      for (const step of undo) step();
      connections.release();
      hardened.delete(server);
    },
  });
  hardened.set(server, made);
  return made;
}

function readSettings(
  reader: OptionsReader<keyof HardenServerOptions>,
  server: NodeServer,
): ReadSettings {
  if (!speaksHttp1(server)) {
    for (const key of OF_HTTP1) {
      if (reader.has(key)) reader.note(key, "must be left out: this server speaks HTTP/2 alone");
    }
  }
  const headersTimeout = reader.duration("headersTimeout", {
    min: "1s",
    max: "5m",
    default: "15s",
  });
  const requestTimeout = reader.duration("requestTimeout", { min: "1s", max: "1d", default: "5m" });
  if (requestTimeout < headersTimeout) {
    reader.note("requestTimeout", "must not be shorter than headersTimeout, which is a part of it");
  }
  if (reader.raw("minRate") === false && reader.has("slowAt")) {
    reader.note("slowAt", "must be left out with minRate: false, which it has no effect beside");
  }
  return {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout: reader.duration("keepAliveTimeout", { min: "1s", max: "1h", default: "65s" }),
    maxHeaderSize: reader.size("maxHeaderSize", { min: "1kb", max: "1mb", default: "16kb" }),
    maxConnections: reader.integer("maxConnections", { min: 1, default: 10_000 }),
    maxRequestsPerSocket: reader.has("maxRequestsPerSocket")
      ? reader.integer("maxRequestsPerSocket", { min: 1 })
      : 0,
    stallTimeout: reader.duration("stallTimeout", { min: "1s", max: "1h", default: "30s" }),
    minRate:
      reader.raw("minRate") === false
        ? 0
        : reader.size("minRate", { min: "1b", max: "1gb", default: "500b" }),
    slowAt: readPathPatterns(reader, "slowAt", "write minRate: false for that") ?? [],
  };
}

/** Express changes `url` and `baseUrl` on the way. What the client asked for stays. */
function isOpen(req: IncomingMessage, patterns: readonly PathPattern[]): boolean {
  if (patterns.length === 0) return false;
  const { originalUrl, url = "/" } = req as IncomingMessage & { readonly originalUrl?: unknown };
  const asked = typeof originalUrl === "string" ? originalUrl : url;
  const [path = "/"] = asked.split("?", 1);
  const view = Object.create(req, {
    baseUrl: { value: "" },
    path: { value: path },
    originalUrl: { value: asked },
  });
  try {
    return patterns.some((pattern) => opens(pattern, view));
  } catch {
    return false;
  }
}
