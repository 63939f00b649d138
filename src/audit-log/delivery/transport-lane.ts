import { once } from "node:events";
import { toInfo, type WinstonInfo } from "../sinks/winston-info.js";
import type { Lane, LaneContext } from "./lane.js";
import { LossTally } from "./loss-tally.js";

/** What we use of a winston transport. */
export interface WinstonTransport extends NodeJS.WritableStream {
  format?:
    | { transform(info: WinstonInfo, options?: unknown): unknown; options?: unknown }
    | undefined;
  log(info: unknown, next: () => void): unknown;
  close?(): void;
}

const MAX_PENDING = 10_000;
/** Calls of `log` that may be unanswered at a time: enough to hide latency, too few to flood a transport. */
const MAX_IN_FLIGHT = 8;
const END_MS = 2000;

/**
 * The lane of any other winston transport. Its `log` is called directly: a winston logger takes a transport out of
 * service, and closes it, after its first error event, and stalls for good when `log` throws.
 *
 * Records wait in a bounded queue. What does not fit is lost for this sink only, counted, and told to it later.
 */
export class TransportLane implements Lane {
  readonly direct = false;
  readonly #transport: WinstonTransport;
  readonly #losses: LossTally;
  readonly #queue: string[] = [];
  /** One token for each unanswered call of `log`, the oldest first. */
  readonly #inFlight = new Set<object>();
  #closed = false;
  #pumping = false;
  #failing = false;

  constructor(transport: WinstonTransport, context: LaneContext) {
    this.#transport = transport;
    this.#losses = new LossTally(context, transport.constructor.name);
    transport.on("error", (error: unknown) => this.#onError(error));
  }

  get pending(): number {
    return this.#queue.length + this.#inFlight.size;
  }

  get lost(): number {
    return this.#losses.total;
  }

  get failing(): boolean {
    return this.#failing;
  }

  write(line: string): void {
    if (this.#closed || this.pending >= MAX_PENDING) {
      this.#lose(
        Object.assign(new Error("the transport is behind or closed"), {
          code: this.#closed ? "EPIPE" : "ENOBUFS",
        }),
      );
      return;
    }
    this.#queue.push(line);
    this.#pump();
  }

  settle(): void {
    // Only when it has caught up by half: a sink at its limit gains nothing from one more record.
    if (this.#losses.owed && this.pending < MAX_PENDING / 2)
      this.#losses.tell((line) => this.#queue.push(line));
    this.#pump();
  }

  /** Ends the transport as a winston logger would. A transport that does not finish is left alone. */
  async close(): Promise<void> {
    this.#closed = true;
    const finished = once(this.#transport, "finish", { signal: AbortSignal.timeout(END_MS) });
    // A rejection means "error" or too late; errors are counted by the listener.
    const settled = finished.then(
      () => undefined,
      () => undefined,
    );
    try {
      this.#transport.end();
      await settled;
      this.#transport.close?.();
    } catch (error) {
      this.#lose(error, 0);
    }
  }

  #pump(): void {
    // A transport that answers at once comes back here from inside `log`: the loop below goes on instead.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#inFlight.size < MAX_IN_FLIGHT) {
      const line = this.#queue.shift();
      if (line === undefined) break;
      this.#send(line);
    }
    this.#pumping = false;
  }

  #send(line: string): void {
    const token = {};
    this.#inFlight.add(token);
    try {
      this.#transport.log(this.#format(toInfo(line)), () => this.#answered(token));
    } catch (error) {
      this.#inFlight.delete(token);
      this.#lose(error);
    }
  }

  #format(info: WinstonInfo): unknown {
    const { format } = this.#transport;
    if (format === undefined) return info;
    const formatted = format.transform(info, format.options);
    if (formatted) return formatted;
    throw new Error("the format of the transport left the record out");
  }

  #answered(token: object): void {
    if (!this.#inFlight.delete(token)) return;
    this.#failing = false;
    this.settle();
  }

  #onError(error: unknown): void {
    // Many transports emit an error and never answer: the oldest call is taken as answered.
    const [oldest] = this.#inFlight;
    if (oldest !== undefined) this.#inFlight.delete(oldest);
    this.#lose(error, oldest === undefined ? 0 : 1);
    this.#pump();
  }

  #lose(error: unknown, count = 1): void {
    this.#failing = true;
    this.#losses.add(count, error);
  }
}
