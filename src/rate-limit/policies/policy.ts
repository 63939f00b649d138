import type { Request } from "express";
import type { PathPattern } from "../../core/http/path-pattern.js";

/** A quota as the limiter uses it: checked, with every default filled in. */
export interface Policy {
  /** Where the policy stands in the options: `rateLimit.policies[0]`. */
  readonly path: string;
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** What the function returns is checked at each request. */
  readonly key: "ip" | "principal" | ((req: Request) => unknown);
  readonly cost: number | ((req: Request) => unknown);
  readonly match: readonly PathPattern[] | undefined;
  readonly phase: "before-auth" | "after-auth" | undefined;
}

/** What one request costs under one policy. */
export interface Charge {
  readonly policy: Policy;
  readonly key: string;
  readonly cost: number;
}
