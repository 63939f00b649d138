import type { Connections } from "../connections/connections.js";
import { Drain } from "./drain.js";
import { runHooks, type ShutdownHook } from "./run-hooks.js";

/** In milliseconds. */
export interface DrainTimes {
  readonly announce: number;
  readonly requests: number;
  readonly hooks: number;
}

export interface ShutdownSettings {
  readonly connections: readonly Connections[];
  readonly times: DrainTimes;
  readonly onDrain: readonly ShutdownHook[];
  readonly onClose: readonly ShutdownHook[];
  readonly onAnnounce: () => void;
  readonly onError: (error: unknown) => void;
}

interface Report {
  readonly cutOff: number;
  readonly errors: readonly unknown[];
  readonly exitCode: 0 | 1;
}

/** The one end of some servers. */
export class Shutdown {
  state: "serving" | "announcing" | "closing" | "ending" | "closed" = "serving";
  readonly #settings: ShutdownSettings;
  readonly #drains: readonly Drain[];
  #report: Promise<Report> | undefined;
  #isReleased = false;

  constructor(settings: ShutdownSettings) {
    this.#settings = settings;
    for (const connections of settings.connections) connections.use();
    this.#drains = settings.connections.map((connections) => new Drain(connections));
  }

  run(): Promise<Report> {
    this.#report ??= this.#run();
    return this.#report;
  }

  /** Watches the servers no more, unless they are being shut down. @returns Whether that is so. */
  release(): boolean {
    if (this.#report !== undefined || this.#isReleased) return false;
    this.#isReleased = true;
    for (const connections of this.#settings.connections) connections.release();
    return true;
  }

  async #run(): Promise<Report> {
    const { connections, times, onDrain, onClose, onAnnounce, onError } = this.#settings;
    const errors: unknown[] = [];
    const note = (error: unknown): void => {
      errors.push(error);
      onError(error);
    };
    this.state = "announcing";
    attempt(onAnnounce, note);
    for (const drain of this.#drains) attempt(() => drain.announce(), note);
    if (times.announce > 0) await new Promise((done) => setTimeout(done, times.announce));

    this.state = "closing";
    const closed = Promise.all(this.#drains.map((drain) => drain.close()));
    const hooks = onDrain.map(async (hook, index) => {
      // Each with all of the time: they do not wait for each other.
      const found = await runHooks(`onDrain[${index}]`, [hook], times.requests);
      for (const error of found) note(error);
    });
    await inTime(Promise.all([closed, ...hooks]), times.requests);
    const cutOff = this.#drains.reduce((sum, drain) => sum + drain.cutOff(), 0);

    this.state = "ending";
    for (const error of await runHooks("onClose", onClose, times.hooks)) note(error);
    this.state = "closed";
    if (!this.#isReleased) for (const one of connections) one.release();
    this.#isReleased = true;
    const exitCode = cutOff > 0 || errors.length > 0 ? 1 : 0;
    return Object.freeze({ cutOff, errors: Object.freeze(errors), exitCode });
  }
}

/** Waits for the promise, for so many milliseconds at most. The timer keeps the process alive for what comes then. */
async function inTime(promise: Promise<unknown>, time: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((done) => {
    timer = setTimeout(done, time);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

function attempt(act: () => void, note: (error: unknown) => void): void {
  try {
    act();
  } catch (error) {
    note(error);
  }
}
