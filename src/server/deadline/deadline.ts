import type { NextFunction, Request, Response } from "express";

/** How long something of a request may take; `undefined` for as long as it wants. */
export interface Timeout {
  /** In milliseconds. */
  readonly milliseconds: number | undefined;
  /** As users write it. */
  readonly text: string;
}

/** What one `requestDeadline` does about all its requests. */
export interface DeadlineSettings {
  readonly enforced: boolean;
  /** Between two parts of an answer, in milliseconds. */
  readonly idle: Timeout | undefined;
  /** Acts when the time is over. Must not throw. */
  readonly expire: (deadline: Deadline) => void;
}

/** The deadline that one `requestDeadline` has set for one request. */
export class Deadline {
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  readonly settings: DeadlineSettings;
  #timeout: Timeout;
  #timer: NodeJS.Timeout | undefined;
  /** When the last part of the answer was written. */
  #writtenAt: number | undefined;

  constructor(
    settings: DeadlineSettings,
    timeout: Timeout,
    req: Request,
    res: Response,
    next: NextFunction,
  ) {
    this.settings = settings;
    this.req = req;
    this.res = res;
    this.next = next;
    this.#timeout = timeout;
    this.#start(timeout.milliseconds);
  }

  /** What decisions name. */
  get rule(): string {
    const { idle } = this.settings;
    return this.#writtenAt === undefined || idle === undefined
      ? `timeout(${this.#timeout.text})`
      : `idle(${idle.text})`;
  }

  /** Gives the request so much time from now on. */
  extend(timeout: Timeout): void {
    this.#timeout = timeout;
    this.#start(timeout.milliseconds);
  }

  /** A part of the answer is being written: from now on only the time between its parts counts. */
  noteWrite(): void {
    const { idle } = this.settings;
    // Who may take forever to begin may take forever to go on.
    if (idle === undefined || this.#timeout.milliseconds === undefined) return;
    const isFirst = this.#writtenAt === undefined;
    this.#writtenAt = performance.now();
    if (isFirst) this.#start(idle.milliseconds);
  }

  /** Whether nothing was written for too long. If not, it is looked at again when that can be so. */
  isStalled(): boolean {
    const longest = this.settings.idle?.milliseconds;
    if (longest === undefined || this.#writtenAt === undefined) return false;
    const left = longest - (performance.now() - this.#writtenAt);
    if (left <= 0) return true;
    this.#start(Math.ceil(left));
    return false;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #start(milliseconds: number | undefined): void {
    this.stop();
    if (milliseconds !== undefined) this.#timer = setTimeout(expire, milliseconds, this).unref();
  }
}

function expire(deadline: Deadline): void {
  deadline.settings.expire(deadline);
}
