import { follow } from "../../core/calls/follow.js";
import { isThenable } from "../../core/calls/user-function.js";
import { addExitHook, lateExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterRealTime, keepAlive } from "../process/real-time.js";
import { toInfo, type WinstonInfo } from "../sinks/winston-info.js";
import { closedError, type Lane, type LaneContext } from "./lane.js";
import { LossTally } from "./loss-tally.js";
import { RecordQueue, type Waiting } from "./record-queue.js";
import { StallWatch } from "./stall-watch.js";

/** What we use of a winston transport. */
export interface WinstonTransport extends NodeJS.WritableStream {
  format?:
    | { transform(info: WinstonInfo, options?: unknown): unknown; options?: unknown }
    | undefined;
  log(info: unknown, next: (error?: unknown) => void): unknown;
  close?(): void;
}

const MAX_PENDING = 10_000;
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** Calls of `log` that may be unanswered at a time: enough to hide latency, too few to flood a transport. */
const MAX_IN_FLIGHT = 8;
const END_MS = 2000;

/** One call of `log` that is not answered yet. */
interface Call {
  /** Whether it is about the record of the losses. That is no record of its own: while it is not written, it is owed. */
  readonly ofLosses: boolean;
  readonly number: number;
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
  readonly #queue = new RecordQueue();
  readonly #watch: StallWatch;
  /** The unanswered calls of `log`, the oldest first. */
  readonly #inFlight = new Set<Call>();
  readonly #atExit = lateExitHook(() => this.#giveUp());
  #closed = false;
  #pumping = false;
  #failing = false;
  #lastNumber = 0;
  /** Whether the record of the losses is on its way. */
  #telling = false;
  /** The last error event that was taken as the answer of a call. */
  #emitted: unknown;

  /** @throws What `on` of the transport throws: without a listener, its first error would end the process. */
  constructor(transport: WinstonTransport, context: LaneContext) {
    this.#transport = transport;
    const losses = new LossTally(context, nameOf(transport));
    this.#losses = losses;
    this.#watch = new StallWatch(context.stallAfter, (stalled) =>
      context.reportStall(losses.label, context.position, stalled, losses.total),
    );
    this.#guard(
      transport.on("error", (error: unknown) => this.#onError(error)),
      () => undefined,
    );
  }

  get label(): string {
    return this.#losses.label;
  }

  get pending(): number {
    return this.#queue.length + this.#inFlight.size;
  }

  get oldest(): number | undefined {
    const [call] = this.#inFlight;
    return (call ?? this.#queue.first)?.number;
  }

  get owing(): boolean {
    return this.#losses.owed;
  }

  get stalled(): boolean {
    return this.#watch.stalled;
  }

  get lost(): number {
    return this.#losses.total;
  }

  get failing(): boolean {
    return this.#failing;
  }

  write(line: string, number: number): void {
    this.#lastNumber = number;
    if (this.#closed) this.#lose(closedError(), 1, number);
    else if (!this.#hasRoom(MAX_PENDING, MAX_PENDING_BYTES)) this.#lose(behindError(), 1, number);
    else {
      if (this.pending === 0) addExitHook(this.#atExit);
      this.#queue.push({ line, number });
      this.#pump();
    }
  }

  refuse(): void {
    this.#failing = true;
    this.#losses.addUntellable(1, closedError());
  }

  settle(): void {
    // Only when it has caught up by half: a sink at its limit gains nothing from one more record.
    const tells = this.#losses.owed && !this.#telling && !this.#closed;
    if (tells && this.#hasRoom(MAX_PENDING / 2, MAX_PENDING_BYTES / 2)) {
      this.#telling = true;
      this.#queue.push({ line: undefined, number: this.#lastNumber });
    }
    this.#pump();
  }

  /**
   * Ends the transport as a winston logger would. A transport that does not finish is left alone, and what it has not
   * taken by then is lost.
   */
  async close(): Promise<void> {
    this.#closed = true;
    removeExitHook(this.#atExit);
    let lost = this.#drop();
    // Without that, a process that has nothing else to do would end here, and never do what the app does after it.
    const letGo = keepAlive();
    try {
      await this.#end();
    } catch (error) {
      this.#lose(error, 0);
    } finally {
      letGo();
    }
    try {
      this.#observe(this.#transport.close?.());
    } catch (error) {
      this.#lose(error, 0);
    }
    lost += this.#dropCalls();
    this.#watch.close();
    if (lost > 0) this.#lose(closedError(), lost, this.#lastNumber);
  }

  /** Counts what the transport has not taken when the process exits: no answer comes any more. */
  #giveUp(): void {
    const lost = this.#drop() + this.#dropCalls();
    if (lost > 0) this.#lose(exitError(), lost, this.#lastNumber);
  }

  /** Lets go of the records that wait. @returns How many there were. */
  #drop(): number {
    let count = 0;
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift())
      if (item.line !== undefined) count += 1;
    return count;
  }

  /** Waits for no answer any more. @returns How many records were not answered. */
  #dropCalls(): number {
    let count = 0;
    for (const { ofLosses } of this.#inFlight) if (!ofLosses) count += 1;
    this.#inFlight.clear();
    return count;
  }

  /** Ends the stream. Settles when it has finished, has failed, or does not say so in time. */
  #end(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve();
      // Not by `once` of Node.js, which drops what `on` of the transport returns.
      for (const event of ["finish", "error"]) this.#observe(this.#transport.on(event, done));
      afterRealTime(END_MS, done);
      this.#observe(this.#transport.end());
    });
  }

  #pump(): void {
    // A transport that answers at once comes back here from inside `log`: the loop below goes on instead.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#inFlight.size < MAX_IN_FLIGHT) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      this.#send(item);
    }
    this.#pumping = false;
  }

  /** The limit is that of what waits: one record more may be as long as a record can be. */
  #hasRoom(records: number, bytes: number): boolean {
    return this.pending < records && this.#queue.bytes < bytes;
  }

  #send({ line, number }: Waiting): void {
    const call: Call = { ofLosses: line === undefined, number };
    this.#inFlight.add(call);
    this.#watch.begin();
    try {
      const info = this.#format(toInfo(line ?? this.#losses.offer()));
      const result = this.#transport.log(info, (error) =>
        error ? this.#refused(call, error) : this.#answered(call),
      );
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
    this.#watch.progress(this.#inFlight.size > 0);
    this.settle();
  }

  /** `undefined` for what belongs to no call. A call that was answered is written, whatever comes later. */
  #failed(call: Call | undefined, error: unknown, counted = false): void {
    const open = call !== undefined && this.#inFlight.delete(call);
    if (open && call.ofLosses) this.#telling = false;
    if (open) this.#watch.progress(this.#inFlight.size > 0);
    this.#lose(error, open && !call.ofLosses && !counted ? 1 : 0, call?.number);
    this.#pump();
  }

  #onError(error: unknown): void {
    // Many transports emit an error and never answer: the oldest call is taken as answered.
    const [oldest] = this.#inFlight;
    this.#emitted = oldest === undefined ? undefined : error;
    this.#failed(oldest, error);
  }

  /** Some transports emit an error and then answer with the same one: that is one failure, and counted by then. */
  #refused(call: Call, error: unknown): void {
    const counted = error === this.#emitted;
    this.#emitted = undefined;
    this.#failed(call, error, counted);
  }

  #observe(result: unknown): void {
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

  #lose(error: unknown, count: number, last?: number): void {
    this.#failing = true;
    this.#losses.add(count, error, last);
  }
}

function behindError(): Error {
  return Object.assign(new Error("the transport is behind"), { code: "ENOBUFS" });
}

function exitError(): Error {
  return Object.assign(new Error("the process exits"), { code: "ECANCELED" });
}

/** The class of the transport, where it has a decent name. */
function nameOf(transport: WinstonTransport): string {
  const name = (transport as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && /^[\w$]{1,64}$/.test(name) ? name : "transport";
}
