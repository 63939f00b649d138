import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type Connections, type Exchange, isBusy } from "../connections/connections.js";
import type { LimitCounts } from "./limit-counts.js";
import { type Pace, Progress } from "./progress.js";

export interface SlowClientSettings {
  readonly pace: Pace;
  /** For the whole request, body included, in milliseconds. HTTP/2 has no such limit of Node's. */
  readonly requestTimeout: number;
  /** For sessions of HTTP/2 without requests, in milliseconds. */
  readonly keepAliveTimeout: number;
  /** Whether the client may be as slow as it likes here, so long as it goes on. */
  readonly mayBeSlow: (req: IncomingMessage) => boolean;
}

/** What is known of an exchange that has lasted for a while. */
interface Watched {
  readonly upload: Progress;
  readonly download: Progress;
  read: number;
  taken: number;
}

const SWEEP_MS = 1000;
/** For a session to end by itself. */
const CLOSING_MS = 5000;

/**
 * Looks once a second at each exchange that is under way, and ends those whose client sends its body, or reads its
 * answer, too slowly. The time in which the app does not read, or has nothing to send, does not count.
 */
export class SlowClients {
  readonly #connections: Connections;
  readonly #settings: SlowClientSettings;
  readonly #counts: LimitCounts;
  readonly #watched = new WeakMap<ServerResponse, Watched>();
  readonly #closing = new WeakMap<object, number>();
  readonly #timer: NodeJS.Timeout;
  #next: NodeJS.Immediate | undefined;

  constructor(connections: Connections, settings: SlowClientSettings, counts: LimitCounts) {
    this.#connections = connections;
    this.#settings = settings;
    this.#counts = counts;
    // Behind the next look at the sockets: where the process itself has stood still, what clients have sent meanwhile counts.
    const sweepLater = (): void => {
      this.#next = setImmediate(() => this.sweep(performance.now()));
    };
    this.#timer = setInterval(sweepLater, SWEEP_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#next);
  }

  /** @param now - On the clock of `performance.now()`. */
  sweep(now: number): void {
    for (const exchange of this.#connections.exchanges.values()) {
      if (exchange.carrier.session !== undefined) this.#lookAtStream(exchange, now);
      else this.#lookAtConnection(exchange, now);
    }
    this.#endIdleSessions(now);
  }

  #lookAtConnection({ req, res }: Exchange, now: number): void {
    const { socket } = req;
    const state = { read: socket.bytesRead, taken: takenFrom(socket) };
    const watched = this.#watched.get(res);
    if (watched === undefined) {
      const [upload, download] = [new Progress(now), new Progress(now)];
      this.#watched.set(res, { upload, download, ...state });
      return;
    }
    const { pace } = this.#settings;
    // What is read and not taken is the app's turn.
    const owes = !req.complete && req.readableLength === 0;
    const sent = state.read - watched.read;
    const upload = watched.upload.look(now, sent, owes, pace);
    const pending = socket.writableLength > 0;
    const download = watched.download.look(now, state.taken - watched.taken, pending, pace);
    Object.assign(watched, state);
    if (this.#isOver(upload, req)) {
      // As Node itself says it: whoever answers such requests answers this one.
      const error = Object.assign(new Error("The body of the request arrives too slowly"), {
        code: "ERR_HTTP_REQUEST_TIMEOUT",
      });
      (this.#connections.server as EventEmitter).emit("clientError", error, socket);
    } else if (this.#isOver(download, req)) {
      this.#counts.slowReaders += 1;
      socket.destroy();
    }
  }

  #isOver(fault: "stalled" | "slow" | undefined, req: IncomingMessage): boolean {
    return fault === "stalled" || (fault === "slow" && !this.#settings.mayBeSlow(req));
  }

  #lookAtStream({ req, res, startedAt }: Exchange, now: number): void {
    const stream = streamOf(res);
    if (stream === undefined) return;
    const { requestTimeout, pace } = this.#settings;
    if (now - startedAt > requestTimeout && !isReceived(stream)) {
      this.#counts.slowRequests += 1;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    if (this.#watched.has(res)) return;
    this.#watched.set(res, { upload: NONE, download: NONE, read: 0, taken: 0 });
    // Node knows whether a stream moves, and nobody else does. A time that the app has set is the app's.
    if ((stream as { timeout?: unknown }).timeout) return;
    const onTimeout = (): void => {
      const owes = owesBody(req, stream);
      if (!owes && stream.writableLength === 0) {
        stream.setTimeout(pace.stall);
        return;
      }
      this.#counts[owes ? "slowRequests" : "slowReaders"] += 1;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    };
    stream.setTimeout(pace.stall);
    stream.on("timeout", onTimeout);
  }

  #endIdleSessions(now: number): void {
    for (const carrier of this.#connections.sessions) {
      const { session, idleSince } = carrier;
      if (session === undefined || isBusy(carrier)) continue;
      const closing = this.#closing.get(session);
      if (closing !== undefined) {
        if (now - closing > CLOSING_MS) session.destroy();
      } else if (now - idleSince > this.#settings.keepAliveTimeout) {
        this.#closing.set(session, now);
        session.close();
      }
    }
  }
}

const NONE = new Progress(0);

function streamOf(res: ServerResponse): ServerHttp2Stream | undefined {
  return (res as { stream?: ServerHttp2Stream }).stream;
}

/** Whether all of the request has come. `complete` says of requests over HTTP/2 whether the app has read them. */
function isReceived(stream: ServerHttp2Stream): boolean {
  if (stream.endAfterHeaders || stream.destroyed) return true;
  const { state } = stream.state;
  return (
    state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE ||
    state === constants.NGHTTP2_STREAM_STATE_CLOSED
  );
}

function owesBody(req: IncomingMessage, stream: ServerHttp2Stream): boolean {
  // What is read and not taken is the app's turn.
  return req.readableLength === 0 && stream.readableLength === 0 && !isReceived(stream);
}

/** What Node's sockets are made of. Node's own timeouts look at it too, and nothing public tells these two. */
interface Handle {
  /** Of an encrypted connection, the one below. */
  readonly _parent?: Handle | null;
  readonly bytesWritten?: unknown;
  readonly writeQueueSize?: unknown;
}

/** How much the system has taken, which is what the client makes room for. */
function takenFrom(socket: Socket): number {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null };
  const { bytesWritten, writeQueueSize } = handle?._parent ?? handle ?? {};
  return typeof bytesWritten === "number" && typeof writeQueueSize === "number"
    ? bytesWritten - writeQueueSize
    : socket.bytesWritten - socket.writableLength;
}
