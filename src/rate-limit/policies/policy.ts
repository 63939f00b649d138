import type { Request, Response } from "express";
import type { PathPattern } from "../../core/http/path-pattern.js";
import { formatDuration } from "../../core/options/quantity.js";

/** A function of the app, with a deadline. What it returns is checked. @throws FunctionFailure */
export type UserFunction<T> = (req: Request) => T | Promise<T>;

/** Whether a request that was answered counts, by the app. @throws FunctionFailure */
export type CountFunction = (req: Request, res: Response) => boolean | Promise<boolean>;

/** A quota as the limiter uses it: checked, with every default filled in. */
export interface Policy {
  /** Where the policy stands in the options: `rateLimit.policies[0]`. */
  readonly path: string;
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** A function gives the key itself, `undefined` for the address, or `null` where the client sent what is no key. */
  readonly key: "ip" | "principal" | UserFunction<string | undefined | null>;
  readonly cost: number | UserFunction<number>;
  readonly match: readonly PathPattern[] | undefined;
  readonly phase: Phase | undefined;
  /** Which requests keep their charge once they are answered. */
  readonly count: "all" | "failures" | CountFunction;
}

/** When a policy runs in the preset. */
export type Phase = "before-auth" | "after-auth" | "after-body";

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
