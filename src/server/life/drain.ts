import { isGone } from "../../core/request/is-gone.js";
import {
  type Connections,
  type Exchange,
  endCarrier,
  isReceiving,
} from "../connections/connections.js";
import { draining } from "./draining.js";

/** How often idle connections are looked for, and how long they must have been idle: a request may be on its way. */
const QUIET_MS = 100;
/** RFC 9113 §6.8: the highest one says that the server goes away, and refuses nothing yet. */
const ANY_STREAM = 2 ** 31 - 1;

/** The end of one server, step by step. */
export class Drain {
  readonly #connections: Connections;
  /** Sessions that were told to go. */
  readonly #told = new WeakSet<object>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /**
   * Tells clients to use other connections from now on, and goes on answering: `Connection: close` in each answer whose
   * head is not sent yet, a GOAWAY without a last stream over HTTP/2.
   */
  announce(): void {
    this.#connections.onExchange((exchange) => this.#tell(exchange));
    for (const exchange of this.#connections.exchanges.values()) this.#tell(exchange);
    for (const { session } of this.#connections.sessions) this.#tellSession(session);
  }

  /**
   * Accepts no more connections, and ends each one as soon as it is idle. What is under way goes on.
   *
   * @returns What is fulfilled when no connection is left.
   */
  close(): Promise<void> {
    const { server } = this.#connections;
    // Node's own closes connections whose answer is complete and not yet sent: a large one would be cut off.
    Object.defineProperty(server, "closeIdleConnections", {
      value: () => undefined,
      configurable: true,
      writable: true,
    });
    this.#sweep = setInterval(() => this.#endIdle(performance.now()), QUIET_MS).unref();
    return new Promise((resolve) => {
      // The error says that it does not listen.
      (server as { close(done: () => void): unknown }).close(() => this.#finish(resolve));
    });
  }

  /** Ends what is still under way. @returns How much that was: requests, and connections such as WebSockets. */
  cutOff(): number {
    const { server, exchanges, upgraded, sessions, sockets } = this.#connections;
    // What the client has ended is not cut off, even where its end has not been told yet.
    const cut =
      [...exchanges.values()].filter(({ req, res }) => !isGone(req, res)).length +
      [...upgraded].filter((socket) => !socket.destroyed).length +
      // Those that the app took from `stream` events.
      [...sessions].reduce((sum, { streams, open }) => sum + Math.max(0, streams - open.size), 0);
    for (const { session } of sessions) session?.destroy();
    for (const socket of sockets) socket.destroy();
    // Connections that were there before anybody watched; HTTP/2 alone has no such method.
    (server as { closeAllConnections?: () => void }).closeAllConnections?.();
    return cut;
  }

  #tell({ req, res, carrier }: Exchange): void {
    draining.set(req, true);
    if (carrier.session !== undefined) {
      this.#tellSession(carrier.session);
      return;
    }
    if (!res.headersSent) res.setHeader("Connection", "close");
  }

  #tellSession(session: Exchange["carrier"]["session"]): void {
    if (session === undefined || session.destroyed || this.#told.has(session)) return;
    this.#told.add(session);
    session.goaway(0, ANY_STREAM);
  }

  #endIdle(now: number): void {
    const { idle, sessions } = this.#connections;
    for (const carrier of idle.values()) {
      if (now - carrier.idleSince < QUIET_MS || isReceiving(carrier)) continue;
      endCarrier(carrier);
    }
    // Streams that are open stay open.
    for (const { session } of sessions) if (session?.closed === false) session.close();
  }

  #finish(done: () => void): void {
    clearInterval(this.#sweep);
    Reflect.deleteProperty(this.#connections.server, "closeIdleConnections");
    done();
  }
}
