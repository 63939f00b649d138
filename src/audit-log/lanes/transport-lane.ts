import { follow } from "../../core/calls/follow.js";
import { isThenable } from "../../core/calls/user-function.js";
import { afterRealTime } from "../process/real-time.js";
import { toInfo, type WinstonInfo } from "../sinks/winston-info.js";
import { closedError, type Lane, type LaneContext } from "./lane.js";
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
/** In the queue: the record of the losses, which is made when its turn comes. */
const LOSSES = Symbol("losses");

/** One call of `log` that is not answered yet. */
interface Call {
  /** Whether it is about the record of the losses. That is no record of its own: while it is not written, it is owed. */
  readonly ofLosses: boolean;
}

/**
 * The lane of any other winston transport. Its `log` is called directly: a winston logger takes a transport out of
 * service, and closes it, after its first error event, and stalls for good when `log` throws. Whatever it throws, and
 * whatever a promise that it returns is rejected with, is a failure of this sink and nothing else.
 *
 * Records wait in a bounded queue. What does not fit is lost for this sink only, counted, and told to it later.
 */
export class TransportLane implements Lane {
  readonly direct = false;
  readonly #transport: WinstonTransport;
  readonly #losses: LossTally;
  readonly #queue: (string | typeof LOSSES)[] = [];
  /** The unanswered calls of `log`, the oldest first. */
  readonly #inFlight = new Set<Call>();
  #closed = false;
  #pumping = false;
  #failing = false;
  /** Whether the record of the losses is on its way. */
  #telling = false;

  /** @throws What `on` of the transport throws: without a listener, its first error would end the process. */
  constructor(transport: WinstonTransport, context: LaneContext) {
    this.#transport = transport;
    this.#losses = new LossTally(context, nameOf(transport));
    this.#guard(
      transport.on("error", (error: unknown) => this.#onError(error)),
      () => undefined,
    );
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
        this.#closed
          ? closedError()
          : Object.assign(new Error("the transport is behind"), { code: "ENOBUFS" }),
      );
      return;
    }
    this.#queue.push(line);
    this.#pump();
  }

  refuse(): void {
    this.#failing = true;
    this.#losses.addUntellable(1, closedError());
  }

  settle(): void {
    // Only when it has caught up by half: a sink at its limit gains nothing from one more record.
    if (this.#losses.owed && !this.#telling && !this.#closed && this.pending < MAX_PENDING / 2) {
      this.#telling = true;
      this.#queue.push(LOSSES);
    }
    this.#pump();
  }

  /**
   * Ends the transport as a winston logger would. A transport that does not finish is left alone, and what it has not
   * taken by then is lost.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const unsent = this.#queue.filter((line) => line !== LOSSES).length;
    this.#queue.length = 0;
    try {
      await this.#end();
    } catch (error) {
      this.#lose(error, 0);
    }
    try {
      this.#watch(this.#transport.close?.());
    } catch (error) {
      this.#lose(error, 0);
    }
    let unanswered = 0;
    for (const { ofLosses } of this.#inFlight) if (!ofLosses) unanswered += 1;
    this.#inFlight.clear();
    if (unsent + unanswered > 0) this.#lose(closedError(), unsent + unanswered);
  }

  /** Ends the stream. Settles when it has finished, has failed, or does not say so in time. */
  #end(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve();
      // Not by `once` of Node.js, which drops what `on` of the transport returns.
      for (const event of ["finish", "error"]) this.#watch(this.#transport.on(event, done));
      afterRealTime(END_MS, done);
      this.#watch(this.#transport.end());
    });
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

  #send(line: string | typeof LOSSES): void {
    const ofLosses = line === LOSSES;
    const call: Call = { ofLosses };
    this.#inFlight.add(call);
    try {
      const info = this.#format(toInfo(ofLosses ? this.#losses.offer() : line));
      const result = this.#transport.log(info, () => this.#answered(call));
      this.#guard(result, (error) => this.#failed(call, error));
    } catch (error) {
      this.#failed(call, error);
    }
  }

  #format(info: WinstonInfo): unknown {
    const { format } = this.#transport;
    if (format === undefined) return info;
    const formatted = format.transform(info, format.options);
    if (isThenable(formatted)) {
      this.#guard(formatted, () => undefined);
      throw new Error("the format of the transport returned a promise");
    }
    if (formatted) return formatted;
    throw new Error("the format of the transport left the record out");
  }

  #answered(call: Call): void {
    if (!this.#inFlight.delete(call)) return;
    if (call.ofLosses) {
      this.#telling = false;
      this.#losses.told();
    }
    this.#failing = false;
    this.settle();
  }

  /** `undefined` for what belongs to no call. A call that was answered is written, whatever comes later. */
  #failed(call: Call | undefined, error: unknown): void {
    const open = call !== undefined && this.#inFlight.delete(call);
    if (open && call.ofLosses) this.#telling = false;
    this.#lose(error, open && !call.ofLosses ? 1 : 0);
    this.#pump();
  }

  #onError(error: unknown): void {
    // Many transports emit an error and never answer: the oldest call is taken as answered.
    const [oldest] = this.#inFlight;
    this.#failed(oldest, error);
  }

  #watch(result: unknown): void {
    this.#guard(result, (error) => this.#lose(error, 0));
  }

  /** Takes care of the rejection of a promise that a function of the transport returned. */
  #guard(result: unknown, onRejected: (error: unknown) => void): void {
    // The transport itself, as most functions of an emitter return it.
    if (result === undefined || result === this.#transport) return;
    try {
      if (isThenable(result)) follow(result, () => undefined, onRejected);
    } catch (error) {
      onRejected(error);
    }
  }

  #lose(error: unknown, count = 1): void {
    this.#failing = true;
    this.#losses.add(count, error);
  }
}

/** The class of the transport, where it has a decent name. */
function nameOf(transport: WinstonTransport): string {
  const name = (transport as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && /^[\w$]{1,64}$/.test(name) ? name : "transport";
}
