import type { Request } from "express";
import type { PathPattern } from "../../../core/http/path-pattern.js";
import type { AlertEvent } from "../../record/system-record.js";
import type { AlertKeyKind, AlertSeverity } from "./alert.js";
import type { AlertRequest } from "./alert-options.js";
import type { Things } from "./default-rules.js";

/** What is told of a rule, and how often. */
export interface RuleSettings {
  readonly name: string;
  readonly appSensor: string | undefined;
  readonly severity: AlertSeverity;
  /** What the record of an alert is called. */
  readonly event: AlertEvent;
  readonly threshold: number;
  readonly windowMs: number;
  /** As options are written. */
  readonly window: string;
  readonly cooldownMs: number;
}

/** A rule that counts requests. */
export interface CountingSettings extends RuleSettings {
  /** Requests with one of these events. */
  readonly events: readonly string[];
  readonly missing: "anywhere" | "in a route" | undefined;
  /** Requests for which a function of the app returns `true`, in place of both. */
  readonly when: ((request: AlertRequest) => boolean | Promise<boolean>) | undefined;
  readonly by: readonly AlertKeyKind[];
  /** The key that a function of the app gives, in place of `by`. */
  readonly keyOf:
    | ((request: AlertRequest) => string | undefined | Promise<string | undefined>)
    | undefined;
  /** Whether each of the kinds counts, or the first one that a request has. */
  readonly each: boolean;
  readonly byRoute: boolean;
  readonly things: Things | undefined;
  /** How many of the things. */
  readonly spread: number | undefined;
}

/** What nobody has a reason to touch. */
export interface Honeytokens {
  readonly routes: readonly PathPattern[];
  /** In lower case. */
  readonly headers: readonly string[];
  readonly subjects: ReadonlySet<string>;
}

/** The option `alerts`, read and found right. A rule that is switched off is not there. */
export interface AlertSettings {
  readonly counting: readonly CountingSettings[];
  readonly spike: RuleSettings | undefined;
  readonly drift: RuleSettings | undefined;
  readonly honeytoken: (RuleSettings & { readonly tokens: Honeytokens }) | undefined;
  readonly gap: RuleSettings | undefined;
  readonly account:
    | ((req: Request) => string | undefined | Promise<string | undefined>)
    | undefined;
  readonly countReported: boolean;
}
