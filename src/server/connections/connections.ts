import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Stream, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type NodeServer, type Protocol, protocolOf } from "./node-server.js";

/** What carries requests: a connection with HTTP/1, or a session of HTTP/2. */
export interface Carrier {
  readonly socket: Socket | undefined;
  readonly session: ServerHttp2Session | undefined;
  /** The answers that are not complete. */
  readonly open: Set<ServerResponse>;
  /** The streams of a session that are open, those that the app takes from `stream` events included. */
  streams: number;
  /** When it became idle, on the clock of `performance.now()`. */
  idleSince: number;
  /** How much had been read when it became idle: more means that a request is arriving. */
  readAtIdle: number;
  /** The request that was answered before its body had arrived, until it has: what is read belongs to it. */
  rest: IncomingMessage | undefined;
}

/** A request that is not answered yet. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly carrier: Carrier;
  readonly startedAt: number;
}

/** What is told of a request when it begins, before the app sees it. Must not throw. */
export type OnExchange = (exchange: Exchange) => void;

/** Node's events have arguments of their own types. */
// biome-ignore lint/suspicious/noExplicitAny: each listener names what its event brings.
type Listener = (...args: any[]) => void;

/** One for each server, whoever asks: two parts that watch one server share the work. */
const known = new WeakMap<object, Connections>();

/**
 * Knows the connections of a server and what is under way on them, from the call on. It changes nothing about them. It
 * watches while somebody uses it: each {@link Connections.use} has its {@link Connections.release}.
 */
export class Connections {
  readonly server: NodeServer;
  readonly protocol: Protocol;
  /** All connections, those in a TLS handshake and those that were upgraded included. */
  readonly sockets = new Set<Socket>();
  readonly sessions = new Set<Carrier>();
  readonly exchanges = new Map<ServerResponse, Exchange>();
  /** Without a request under way. The one that has been idle longest stands first. */
  readonly idle = new Map<object, Carrier>();
  /** Connections that left HTTP, as WebSockets do. */
  readonly upgraded = new Set<Socket>();
  readonly #carriers = new WeakMap<object, Carrier>();
  readonly #onExchange = new Set<OnExchange>();
  readonly #onIdle = new Set<(carrier: Carrier) => void>();
  readonly #listeners: readonly (readonly [event: string, listener: Listener])[];
  readonly #beside: Readonly<Record<string, Listener>>;
  /** One function for all responses. */
  readonly #onClose: (this: ServerResponse) => void;
  #users = 0;

  private constructor(server: NodeServer, protocol: Protocol) {
    this.server = server;
    this.protocol = protocol;
    const { http2, secure } = protocol;
    const begin: Listener = (req, res) => this.#begin(req, res);
    const carries = http2 && !secure ? [] : [secure ? "secureConnection" : "connection"];
    this.#listeners = [
      ["connection", (socket: Socket) => this.#addSocket(socket)],
      ...carries.map((event) => [event, (socket: Socket) => this.#addCarrier(socket)] as const),
      ["session", (session: ServerHttp2Session) => this.#addSession(session)],
      ...(http2 ? [] : [["request", begin] as const]),
    ] as readonly (readonly [string, Listener])[];
    const upgrade: Listener = (req, to) => {
      // Over HTTP/2, CONNECT takes a stream and has an answer.
      if (isStream(req)) this.#begin(req, to);
      else this.#upgrade(to);
    };
    this.#beside = Object.assign(
      Object.create(null),
      { upgrade, connect: upgrade, checkContinue: begin, checkExpectation: begin },
      http2 && { request: begin },
    );
    const self = this;
    this.#onClose = function onClose() {
      self.#end(this);
    };
  }

  /** Those of the server, which must be one of Node's. */
  static of(server: NodeServer): Connections {
    let connections = known.get(server);
    if (connections === undefined) {
      const protocol = protocolOf(server) ?? { secure: false, http2: false };
      connections = new Connections(server, protocol);
      known.set(server, connections);
    }
    return connections;
  }

  use(): void {
    this.#users += 1;
    if (this.#users > 1) return;
    const emitter: EventEmitter = this.server;
    for (const [event, listener] of this.#listeners) {
      // In front, so that it comes before the app answers.
      emitter.prependListener(event, listener);
    }
    emitter.on("newListener", this.#onNewListener);
    emitter.on("removeListener", this.#onRemoveListener);
    for (const event of Object.keys(this.#beside)) {
      if (emitter.listenerCount(event) > 0) this.#onNewListener(event, undefined);
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    const emitter: EventEmitter = this.server;
    emitter.off("newListener", this.#onNewListener);
    emitter.off("removeListener", this.#onRemoveListener);
    for (const [event, listener] of [...this.#listeners, ...Object.entries(this.#beside)]) {
      emitter.off(event, listener);
    }
    this.#onExchange.clear();
    this.#onIdle.clear();
  }

  /** What carries the requests of this connection or session. */
  carrierOf(key: object): Carrier | undefined {
    return this.#carriers.get(key);
  }

  onExchange(listener: OnExchange): () => void {
    this.#onExchange.add(listener);
    return () => this.#onExchange.delete(listener);
  }

  /** Called when the last request of a carrier is answered. */
  onIdle(listener: (carrier: Carrier) => void): () => void {
    this.#onIdle.add(listener);
    return () => this.#onIdle.delete(listener);
  }

  /**
   * Ours stands beside those of the app, never alone: a listener for upgrades, for `Expect`, or for requests of HTTP/2
   * says that the app sees to them, and without one Node does.
   */
  readonly #onNewListener = (event: string | symbol, added: unknown): void => {
    const own = this.#beside[String(event)];
    const emitter: EventEmitter = this.server;
    if (own === undefined || added === own || emitter.listeners(event).includes(own)) return;
    emitter.prependListener(event, own);
  };

  readonly #onRemoveListener = (event: string | symbol): void => {
    const own = this.#beside[String(event)];
    const emitter: EventEmitter = this.server;
    if (own === undefined) return;
    const [left, ...others] = emitter.listeners(event);
    if (left === own && others.length === 0) emitter.off(event, own);
  };

  #addSocket(socket: Socket): void {
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
  }

  #addCarrier(socket: Socket): Carrier | undefined {
    // Its requests come in a session.
    if ((socket as TLSSocket).alpnProtocol === "h2") return undefined;
    const carrier = createCarrier(socket, undefined);
    this.#carriers.set(socket, carrier);
    this.idle.set(socket, carrier);
    socket.once("close", () => this.idle.delete(socket));
    return carrier;
  }

  #addSession(session: ServerHttp2Session): Carrier {
    const carrier = createCarrier(undefined, session);
    this.#carriers.set(session, carrier);
    this.sessions.add(carrier);
    this.idle.set(session, carrier);
    session.on("stream", (stream: Http2Stream) => {
      carrier.streams += 1;
      this.idle.delete(session);
      stream.once("close", () => {
        carrier.streams -= 1;
        this.#settle(carrier);
      });
    });
    session.once("close", () => {
      this.idle.delete(session);
      this.sessions.delete(carrier);
    });
    return carrier;
  }

  #upgrade(socket: Socket): void {
    this.idle.delete(socket);
    this.upgraded.add(socket);
    socket.once("close", () => this.upgraded.delete(socket));
  }

  #begin(req: IncomingMessage, res: ServerResponse): void {
    const { session } = (req as { stream?: Http2Stream }).stream ?? {};
    const key: object = session ?? req.socket;
    // One that was there before anybody watched.
    const carrier =
      this.#carriers.get(key) ??
      (session === undefined
        ? this.#addCarrier(req.socket)
        : this.#addSession(session as ServerHttp2Session));
    if (carrier === undefined || this.exchanges.has(res)) return;
    if (session === undefined && !this.sockets.has(req.socket) && !this.protocol.secure) {
      this.#addSocket(req.socket);
    }
    carrier.open.add(res);
    this.idle.delete(key);
    const exchange = { req, res, carrier, startedAt: performance.now() };
    this.exchanges.set(res, exchange);
    res.once("close", this.#onClose);
    for (const listener of this.#onExchange) listener(exchange);
  }

  #end(res: ServerResponse): void {
    const exchange = this.exchanges.get(res);
    if (exchange === undefined) return;
    const { carrier, req } = exchange;
    this.exchanges.delete(res);
    carrier.open.delete(res);
    if (carrier.socket !== undefined && !req.complete) awaitRest(carrier, req);
    this.#settle(carrier);
  }

  #settle(carrier: Carrier): void {
    const key = carrier.session ?? carrier.socket;
    if (isBusy(carrier) || key === undefined || key.destroyed || this.upgraded.has(key as Socket)) {
      return;
    }
    carrier.idleSince = performance.now();
    carrier.readAtIdle = carrier.socket?.bytesRead ?? 0;
    this.idle.set(key, carrier);
    for (const listener of this.#onIdle) listener(carrier);
  }
}

/** Whether a request is under way. */
export function isBusy({ open, streams }: Carrier): boolean {
  return open.size > 0 || streams > 0;
}

/** Whether a request is arriving whose head is not complete. Of a session that cannot be told. */
export function isReceiving({ socket, readAtIdle, rest }: Carrier): boolean {
  return socket !== undefined && rest === undefined && socket.bytesRead > readAtIdle;
}

/** Node reads the rest of a body that the app has not asked for. */
function awaitRest(carrier: Carrier, req: IncomingMessage): void {
  carrier.rest = req;
  req.once("close", () => {
    if (carrier.rest !== req) return;
    carrier.rest = undefined;
    carrier.readAtIdle = carrier.socket?.bytesRead ?? 0;
  });
}

function isStream(req: unknown): boolean {
  return (req as { readonly stream?: unknown }).stream !== undefined;
}

/** Ends an idle connection: what was written arrives, and nothing more is read. */
export function endCarrier({ socket, session }: Carrier): void {
  if (session !== undefined) session.close();
  else socket?.destroySoon();
}

function createCarrier(
  socket: Socket | undefined,
  session: ServerHttp2Session | undefined,
): Carrier {
  const now = performance.now();
  const readAtIdle = socket?.bytesRead ?? 0;
  return {
    ...{ socket, session, open: new Set<ServerResponse>(), streams: 0 },
    ...{ idleSince: now, readAtIdle, rest: undefined },
  };
}
