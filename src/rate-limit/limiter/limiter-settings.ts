import type { Mode } from "../../core/guard/guard-options.js";
import type { OnDenied } from "../../core/refusal/deny.js";
import type { HeaderSettings } from "../answers/quota-headers.js";
import type { CountingSettings } from "../counting/counting.js";
import type { Policy, UserFunction } from "../policies/policy.js";

/** The options of a limiter, checked, with every default filled in. */
export interface LimiterSettings extends CountingSettings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  /** What counts the answers in front of the limiter. */
  readonly preflight: Policy;
  /** Whether the options say something about that policy: `"off"` when it is `false`. */
  readonly preflightGiven: boolean | "off";
  /** How many requests may wait at the same time. */
  readonly maxWaiting: number;
  readonly headers: HeaderSettings;
  readonly ipv6Prefix: number;
  readonly skip: UserFunction<boolean> | undefined;
}
