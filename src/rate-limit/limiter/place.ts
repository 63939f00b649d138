import type { Request } from "express";
import type { Middleware } from "../../core/guard/middleware.js";
import type { Counting } from "../counting/counting.js";
import type { RateLimitControl } from "./control.js";

/** A limiter, or one of those that a preset makes of its policies. */
interface LimiterMiddleware extends Middleware, RateLimitControl {
  /** Closes the store, if one is given and can be closed. Rejects when that fails or takes over 5 seconds. */
  close(): Promise<void>;
}

/** What `rateLimit` returns. */
export interface RateLimitMiddleware extends LimiterMiddleware {
  /**
   * Mounted in front of `secureHeaders`, it counts what that answers before a request reaches the limiter: CORS
   * preflights and refused cross-site requests. It counts nothing else. The preset does this by itself.
   */
  readonly preflight: Middleware;
}

/** What a limiter needs to know of the limit on preflights beside it. */
export interface PreflightCounts {
  /** Whether it has counted a request that goes on all the same, as in report mode. */
  hasCounted(req: Request): boolean;
  /** Looks whether it stands where it is asked for, when the first request reaches the limiter. */
  checkPlace(req: Request): void;
}

/** Where a limiter stands among others that count the same requests. */
export interface Place {
  /** The limit on what is answered in front of this one, if there is one. */
  readonly preflight?: PreflightCounts | undefined;
  /** The limiter in front of this one: its charge is given back when this one refuses the request. */
  readonly earlier?: LimiterHandle | undefined;
  /** Whether another limiter follows on every request, unless it is refused: that one sends the header fields of both. */
  readonly isFollowed?: boolean;
  /** Looks at where the limiter is mounted. The preset does that for all of its limiters. */
  readonly checkMount?: (req: Request) => void;
}

/** A limiter with what another one may do to it. */
export interface LimiterHandle {
  readonly middleware: LimiterMiddleware;
  /** Where its policies are counted. */
  readonly counting: Counting;
  /** Gives back what this limiter, and those in front of it, charged the request, as far as that can be given back. */
  refund(req: Request): void;
}
