import { normalizeAddress } from "../../core/http/client-address.js";
import type { AuditEvent } from "../facts/event-name.js";
import { scrubPath } from "../text/scrub-path.js";
import { scrubText } from "../text/scrub-text.js";

type ConnectionEventName =
  | "connection_failed"
  | "connection_lost"
  | "connection_refused"
  | "connection_upgraded";
/** Why a connection failed or was refused. */
type ConnectionReason =
  | "chunk_extensions_too_large"
  | "connections_exhausted"
  | "handshake_failed"
  | "header_too_large"
  | "malformed_request"
  | "request_timed_out"
  | "requests_per_connection"
  | "session_failed"
  | "unknown_protocol";

/** What happened on a connection outside of the requests that the app sees. */
export interface ConnectionEvent {
  readonly event: NamedEvent;
  readonly outcome: "failure" | "unknown";
  readonly reason: ConnectionReason | undefined;
  /** Of the error of Node or the system. */
  readonly systemCode: string | undefined;
  readonly address: string | undefined;
  readonly upgrade: Upgrade | undefined;
}

interface NamedEvent extends AuditEvent {
  readonly name: ConnectionEventName;
}

/** A request that was handed to the app's listener for upgrades. */
interface Upgrade {
  readonly method: string | undefined;
  readonly path: string | undefined;
  /** What the client wants to speak. */
  readonly protocol: string | undefined;
}

interface Peer {
  readonly remoteAddress?: unknown;
  /** Of a session of HTTP/2. */
  readonly socket?: { readonly remoteAddress?: unknown };
  /** Node's own: the connection below TLS. */
  readonly _parent?: unknown;
  /** Node's own: the answer to the request that is under way. */
  readonly _httpMessage?: unknown;
}

const FAILED: NamedEvent = { name: "connection_failed", severity: "WARN" };
const REFUSED: NamedEvent = { name: "connection_refused", severity: "WARN" };
/** Clients come and go. */
const LOST: NamedEvent = { name: "connection_lost", severity: "INFO" };
const UPGRADED: NamedEvent = { name: "connection_upgraded", severity: "INFO" };

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
/** Of Node and its parsers, not of the system. */
const OWN_CODE = /^(?:HPE|ERR)_/;
const PROTOCOL = /^[A-Za-z][A-Za-z0-9./-]{0,31}$/;
const METHOD = /^[A-Z]{1,16}$/;
const REASONS: Readonly<Record<string, ConnectionReason>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "request_timed_out",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "chunk_extensions_too_large",
  HPE_HEADER_OVERFLOW: "header_too_large",
};

/**
 * What an event of a server tells of a connection; `undefined` for the others, and for what the record of a request
 * tells. Nothing that the client sent is in it, except for the method, the path and the protocol of an upgrade.
 */
export function connectionEvent(
  name: string | symbol,
  [first, second]: readonly unknown[],
): ConnectionEvent | undefined {
  switch (name) {
    case "clientError":
      return clientError(first, second as Peer);
    case "tlsClientError":
      return lost(first, second) ?? failure(first, second, "handshake_failed");
    case "sessionError":
      return lost(first, second) ?? failure(first, second, "session_failed");
    case "unknownProtocol":
      return failure(undefined, first, "unknown_protocol");
    // More requests on a connection, or more connections, than the server is set to.
    case "dropRequest":
      return occurred(REFUSED, "failure", "requests_per_connection", undefined, second);
    case "drop":
      return occurred(REFUSED, "failure", "connections_exhausted", undefined, first);
    case "upgrade":
    case "connect":
      return upgraded(first, second);
    default:
      return undefined;
  }
}

/** The connection that an event is about: Node tells of one that is broken several times. */
export function connectionOf(name: string | symbol, args: readonly unknown[]): object | undefined {
  const [, peer] = args;
  return typeof peer === "object" && peer !== null && /Error$/.test(String(name))
    ? peer
    : undefined;
}

function clientError(error: unknown, peer: Peer): ConnectionEvent | undefined {
  const code = codeOf(error);
  // Node's parser has codes of its own; the end of the connection within a request is one of them.
  if (code === undefined || !OWN_CODE.test(code) || code === "HPE_INVALID_EOF_STATE") {
    // The record of the request says it.
    if (peer._httpMessage !== null && peer._httpMessage !== undefined) return undefined;
    return occurred(LOST, "unknown", undefined, code, peer);
  }
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return occurred(FAILED, "failure", reason ?? "malformed_request", code, peer);
}

/** A connection that the client or the network ended, in a handshake or between requests: `undefined` for a fault. */
function lost(error: unknown, peer: unknown): ConnectionEvent | undefined {
  const code = codeOf(error);
  if (code === undefined || OWN_CODE.test(code)) return undefined;
  return occurred(LOST, "unknown", undefined, code, peer);
}

function failure(error: unknown, peer: unknown, why: ConnectionReason): ConnectionEvent {
  return occurred(FAILED, "failure", why, codeOf(error), peer);
}

function upgraded(req: unknown, peer: unknown): ConnectionEvent | undefined {
  const { method, url, headers } = req as {
    readonly method?: unknown;
    readonly url?: unknown;
    readonly headers?: Readonly<Record<string, unknown>>;
  };
  // Over HTTP/2, it is a request with an answer.
  if (addressOf(peer) === undefined) return undefined;
  const upgrade = {
    method: matching(method, METHOD),
    // The target of CONNECT is a host and a port.
    path: typeof url === "string" && url.startsWith("/") ? scrubPath(url) : undefined,
    protocol: harmless(matching(headers?.["upgrade"], PROTOCOL)),
  };
  return { ...occurred(UPGRADED, "unknown", undefined, undefined, peer), upgrade };
}

/** A client may put a credential in the wrong field. */
function harmless(protocol: string | undefined): string | undefined {
  return protocol === undefined ? undefined : scrubText(protocol);
}

function occurred(
  event: NamedEvent,
  outcome: ConnectionEvent["outcome"],
  reason: ConnectionReason | undefined,
  systemCode: string | undefined,
  peer: unknown,
): ConnectionEvent {
  return { event, outcome, reason, systemCode, address: addressOf(peer), upgrade: undefined };
}

/** The connection below TLS, which Node tells of first. */
export function connectionBelow(connection: object): object | undefined {
  const { _parent } = connection as Peer;
  return typeof _parent === "object" && _parent !== null ? _parent : undefined;
}

/** Where a connection or a session comes from; `undefined` when it is gone and nobody asked before. */
export function addressOf(peer: unknown): string | undefined {
  const { remoteAddress, socket } = (peer ?? {}) as Peer;
  let address = remoteAddress;
  try {
    address ??= socket?.remoteAddress;
  } catch {
    // A session of HTTP/2 that has lost its connection.
  }
  return typeof address === "string" ? normalizeAddress(address) : undefined;
}

function codeOf(error: unknown): string | undefined {
  return matching((error as { readonly code?: unknown } | undefined)?.code, CODE);
}

function matching(text: unknown, pattern: RegExp): string | undefined {
  return typeof text === "string" && pattern.test(text) ? text : undefined;
}
