import type { Request } from "express";
import type { PathPattern } from "../../core/http/path-pattern.js";
import { formatDuration } from "../../core/options/quantity.js";

/** A function of the app, with a deadline. What it returns is checked. @throws FunctionFailure */
export type UserFunction<T> = (req: Request) => T | Promise<T>;

/** A quota as the limiter uses it: checked, with every default filled in. */
export interface Policy {
  /** Where the policy stands in the options: `rateLimit.policies[0]`. */
  readonly path: string;
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** A function gives the key itself, or `undefined` for the address. */
  readonly key: "ip" | "principal" | UserFunction<string | undefined>;
  readonly cost: number | UserFunction<number>;
  readonly match: readonly PathPattern[] | undefined;
  readonly phase: "before-auth" | "after-auth" | undefined;
}

/** What one request costs under one policy. */
export interface Charge {
  readonly policy: Policy;
  readonly key: string;
  readonly cost: number;
}

/** What the policy demands, for marks of guards: `login(5 per 15m and ip)`. */
export function ruleOf({ name, limit, windowMs, key }: Policy): string {
  const whom = typeof key === "function" ? "key" : key;
  return `${name}(${limit} per ${formatDuration(windowMs)} and ${whom})`;
}
