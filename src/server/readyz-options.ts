import type { Middleware } from "../core/guard/middleware.js";
import type { HealthCheckFunction } from "./life/health-check.js";

/** Options of {@link readyz}. */
export interface ReadyzOptions {
  /**
   * What the app needs to serve, by name: `{ redis: () => redis.ping() }`. One is down when its function throws, rejects
   * or takes longer than `timeout`, and when it returns `false`, an object with `ok: false`, as `fetch()` does, or one
   * with `status: "failing"`, as `health()` of an audit log does, or a promise for one of these. It is up when it
   * returns anything else. All are asked at once. What all instances share belongs here only if the app can do nothing without it: when it is down, no
   * instance is ready. Without it, nothing is asked.
   */
  readonly checks?: Readonly<Record<string, HealthCheckFunction>> | undefined;
  /** How long a check may take. Shorter than the probe's own limit, which is 1 second in Kubernetes. @default "800ms" */
  readonly timeout?: string | undefined;
  /** How long the answer of a check counts: probes, and whoever else finds the path, cannot hammer it. @default "1s" */
  readonly cache?: string | undefined;
  /** Whether the answer is 503 until `markReady()` is called, when caches are warm and connections open. @default false */
  readonly waitForReady?: boolean | undefined;
  /** `"checks"` names the checks that fail to whoever asks: what the app consists of. @default "state" */
  readonly expose?: "state" | "checks" | undefined;
  /**
   * Called with the name and the error of a check that fails after it was up, in place of a process warning. What it
   * throws, or its promise rejects with, is ignored.
   */
  readonly onFail?: ((name: string, error: unknown) => void) | undefined;
}

/** What {@link readyz} returns. */
export interface Readyz extends Middleware {
  /** Ends the time of starting: see `waitForReady`. */
  markReady(): void;
  /** Answers 503 from now on, as `gracefulShutdown` has it do. There is no way back. */
  markDraining(): void;
}
