import type { Request } from "express";
import { callObserver } from "../../core/calls/follow.js";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import type { AuditWriter } from "./audit-writer.js";
import type { AuditFailure } from "./failure-report.js";

/** What the app wants to happen when one of our own sinks cannot write. */
export interface FailureSettings {
  readonly onFailure: "continue" | "fail-operation" | "shutdown";
  readonly onShutdown: ((failure: AuditFailure) => unknown) | undefined;
  /** Requests that are never refused. */
  readonly healthPaths: readonly PathPattern[];
}

/** Decides what a failure of one of our own sinks means for the requests that come after it. */
export class FailurePolicy {
  readonly #settings: FailureSettings;
  readonly #enforced: boolean;
  #shuttingDown = false;

  /** @param enforced - `false` in report mode: nothing is shut down. */
  constructor(settings: FailureSettings, enforced: boolean) {
    this.#settings = settings;
    this.#enforced = enforced;
  }

  /** Hears of every failure. With `"shutdown"`, the first one of a sink of ours is told to the app. */
  onFailure(failure: AuditFailure, writer: AuditWriter): void {
    const { onFailure, onShutdown } = this.#settings;
    if (onFailure !== "shutdown" || this.#shuttingDown) return;
    // What a log cannot write that is closing is no reason to close anything.
    if (writer.closed || !writer.isOwn(failure.position)) return;
    this.#shuttingDown = true;
    if (!this.#enforced) return;
    // Requests are refused whatever comes of it.
    callObserver(() => onShutdown?.(failure));
  }

  /** Whether this request is to be refused. */
  refuses(req: Request, writer: AuditWriter): boolean {
    const { onFailure, healthPaths } = this.#settings;
    if (onFailure === "continue" || (!this.#shuttingDown && writer.isReliable())) return false;
    return !healthPaths.some((pattern) => opens(pattern, req));
  }

  /** Whether new requests are refused as things are, without trying anything. */
  isRefusing(writer: AuditWriter): boolean {
    if (this.#settings.onFailure === "continue") return false;
    return this.#shuttingDown || writer.isFailing();
  }
}
