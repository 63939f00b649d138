import type { ShutdownHook } from "./life/run-hooks.js";
import type { Readyz } from "./readyz-options.js";

/** Options of {@link gracefulShutdown}. */
export interface GracefulShutdownOptions {
  /**
   * How long the server goes on as before, but says that it will close: `readyz` answers 503, and each answer says
   * `Connection: close`. Longer than the balancer needs to notice: its interval times the failures that it waits for.
   * `false` where no balancer asks. @default "5s"
   */
  readonly announce?: string | false | undefined;
  /**
   * How long all of it may take from the signal on: `announce`, the requests that are under way, and `closeTimeout` for
   * the functions of `onClose`. Shorter than what the platform gives: Kubernetes kills after 30 seconds. @default "25s"
   */
  readonly grace?: string | undefined;
  /** How long the functions of `onClose` may take together. Part of `grace`. @default "5s" */
  readonly closeTimeout?: string | undefined;
  /** Signals that begin it. `false` for none: then `shutdown()` does. @default ["SIGTERM", "SIGINT"] */
  readonly signals?: NodeJS.Signals | readonly NodeJS.Signals[] | false | undefined;
  /** Whether the process ends when all is over, after a signal. `shutdown()` never ends it. @default true */
  readonly exit?: boolean | undefined;
  /** The `readyz` of another server, such as one for administration. That of the same server knows by itself. */
  readonly readiness?: Readyz | readonly Readyz[] | undefined;
  /**
   * Called when the server stops to accept connections, all at once: ends what would never end by itself, such as event
   * streams and WebSockets.
   */
  readonly onDrain?: ShutdownHook | readonly ShutdownHook[] | undefined;
  /**
   * Called when no request is left, one after the other: `() => security.close()`, `() => pool.end()`. One that fails or
   * takes too long keeps none of the others from being called.
   */
  readonly onClose?: ShutdownHook | readonly ShutdownHook[] | undefined;
  /**
   * Called with each error of the functions, in place of a line on stderr. What it throws, or its promise rejects with,
   * is ignored.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How far a shutdown is. */
export type ShutdownState = "serving" | "announcing" | "closing" | "ending" | "closed";

/** What a shutdown came to. */
export interface ShutdownReport {
  /** Requests, and connections such as WebSockets, that were still under way when the time was over. */
  readonly cutOff: number;
  /** What the functions of `onDrain` and `onClose` threw, or their promises were rejected with. */
  readonly errors: readonly unknown[];
  /** 0, or 1 when something was cut off or a function failed. */
  readonly exitCode: 0 | 1;
}

/** A server, or several, that can be shut down without losing requests. */
export interface GracefulShutdown {
  readonly state: ShutdownState;
  /** Shuts down without a signal, and leaves the process alone. Never rejects. Called again, the same promise. */
  shutdown(): Promise<ShutdownReport>;
  /** Listens to no signal any more. The servers stay open. */
  close(): void;
}
