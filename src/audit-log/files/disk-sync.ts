import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { addExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterRealTime } from "../process/real-time.js";

/** When records are forced to the disk. */
export interface SyncRules {
  readonly fsync: "never" | "interval" | "always";
  /** Milliseconds, with `"interval"`. */
  readonly fsyncInterval: number;
}

/**
 * Forces what was written to the disk. After a failure nobody can know what of it is there: the kernel may have dropped
 * the data and call the next attempt a success. So what was written since the last success counts as lost.
 */
export class DiskSync {
  readonly #rules: SyncRules;
  readonly #onLost: (count: number, error: unknown, later: number) => void;
  readonly #atExit = (): void => this.settle();
  // Bound, so that the timer belongs to no request.
  readonly #later = new OutsideScope("ExpressSecureApiAuditSync").bind(() =>
    afterRealTime(this.#rules.fsyncInterval, () => this.#sync()),
  );
  #descriptor: number | undefined;
  /** Lines that are not known to be on the disk, and not under way to it. */
  #unsafe = 0;
  #underWay: { lines: number } | undefined;
  #waiting = false;

  /** @param onLost - Is told how many lines are not known to be on the disk, and how many were written later. */
  constructor(rules: SyncRules, onLost: (count: number, error: unknown, later: number) => void) {
    this.#rules = rules;
    this.#onLost = onLost;
  }

  /**
   * Says that lines were written.
   *
   * @throws With `"always"`, what the operating system says when they cannot be forced to the disk.
   */
  wrote(descriptor: number, lines: number): void {
    const { fsync } = this.#rules;
    if (fsync === "never") return;
    if (fsync === "always") {
      fdatasyncSync(descriptor);
      return;
    }
    this.#descriptor = descriptor;
    this.#unsafe += lines;
    addExitHook(this.#atExit);
    if (this.#waiting) return;
    this.#waiting = true;
    this.#later();
  }

  /** Says that a file was made: its name is in no other file. */
  named(path: string): void {
    if (this.#rules.fsync === "never") return;
    try {
      const directory = openSync(dirname(path), "r");
      try {
        fsyncSync(directory);
      } finally {
        closeSync(directory);
      }
    } catch {
      // Windows cannot do that, and its file systems do it by themselves.
    }
  }

  /** Forces to the disk what is not there yet, at once: the file is about to be closed. */
  settle(): void {
    removeExitHook(this.#atExit);
    const descriptor = this.#descriptor;
    const underWay = this.#underWay;
    const unsafe = this.#unsafe + (underWay?.lines ?? 0);
    this.#descriptor = undefined;
    this.#unsafe = 0;
    this.#underWay = undefined;
    if (descriptor === undefined || unsafe === 0) return;
    try {
      fdatasyncSync(descriptor);
    } catch (error) {
      // Not once more when what is under way fails as well.
      if (underWay !== undefined) underWay.lines = 0;
      this.#onLost(unsafe, error, 0);
    }
  }

  #sync(): void {
    this.#waiting = false;
    const descriptor = this.#descriptor;
    if (descriptor === undefined || this.#unsafe === 0) return;
    const underWay = { lines: this.#unsafe };
    this.#underWay = underWay;
    this.#unsafe = 0;
    fdatasync(descriptor, (error) => {
      const isClosed = this.#underWay !== underWay;
      if (!isClosed) this.#underWay = undefined;
      // An error is told once: the attempt in front of closing the file may have succeeded for that reason.
      if (error !== null && underWay.lines > 0 && !(isClosed && error.code === "EBADF"))
        this.#onLost(underWay.lines, error, this.#unsafe);
      if (this.#unsafe === 0) removeExitHook(this.#atExit);
    });
  }
}
