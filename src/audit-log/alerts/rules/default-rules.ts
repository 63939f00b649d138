import type { AlertEvent } from "../../record/system-record.js";
import type { AlertKeyKind, AlertSeverity } from "./alert.js";

/** Names of the default rules. */
export const DEFAULT_ALERTS = Object.freeze([
  "auth-burst",
  "user-spray",
  "token-reuse",
  "authz-scan",
  "bola-enum",
  "excess-404",
  "validation-probe",
  "limit-storm",
  "5xx-spike",
  "latency-drift",
  "honeytoken",
  "audit-gap",
] as const);

/** One of {@link DEFAULT_ALERTS}. */
export type DefaultAlert = (typeof DEFAULT_ALERTS)[number];

/** What a rule counts together, and what it tells apart. */
export type Things = "subjects" | "accounts" | "routes" | "targets" | "addresses";

/** A default rule. */
export interface DefaultRule {
  /** Of AppSensor. */
  readonly appSensor: string;
  readonly severity: AlertSeverity;
  /** The name of its record. */
  readonly event: AlertEvent;
  readonly threshold: number;
  readonly window: string;
  readonly cooldown: string;
  /** What is counted; without it, the rule looks at something else than refused requests. */
  readonly counted?: {
    /** Requests with one of these names as `event.name`. */
    readonly events: readonly string[];
    /** And requests that nothing of ours refused, and that were answered with 404. */
    readonly missing?: "anywhere" | "in a route";
    /** What the first of these that a request has, or each of them. */
    readonly by: readonly AlertKeyKind[];
    readonly each?: boolean;
    /** Whether routes are counted apart. */
    readonly byRoute?: boolean;
    readonly things?: Things;
    /** How many of the things, if that is not the threshold. */
    readonly spread?: number;
  };
}

const COOLDOWN = "10m";

/**
 * @see https://owasp.org/www-project-appsensor/ for the ids
 */
export const DEFAULT_RULES: Readonly<Record<DefaultAlert, DefaultRule>> = {
  "auth-burst": {
    appSensor: "AE2, AE3",
    severity: "CRITICAL",
    event: "authn_login_fail_max",
    threshold: 10,
    window: "1m",
    cooldown: COOLDOWN,
    counted: {
      events: ["authn_login_fail"],
      by: ["address", "subject", "account"],
      each: true,
    },
  },
  "user-spray": {
    appSensor: "AE1",
    severity: "CRITICAL",
    event: "security_alert",
    threshold: 8,
    window: "5m",
    cooldown: COOLDOWN,
    counted: { events: ["authn_login_fail"], by: ["address"], things: "accounts" },
  },
  "token-reuse": {
    appSensor: "SE4",
    severity: "CRITICAL",
    event: "authn_token_reuse",
    threshold: 1,
    window: "1m",
    cooldown: COOLDOWN,
    counted: { events: ["authn_token_reuse"], by: ["token", "subject", "address"] },
  },
  "authz-scan": {
    appSensor: "ACE3",
    severity: "CRITICAL",
    event: "security_alert",
    threshold: 10,
    window: "1m",
    cooldown: COOLDOWN,
    counted: {
      events: ["authz_fail"],
      by: ["subject", "address"],
      each: true,
      things: "routes",
      spread: 5,
    },
  },
  "bola-enum": {
    appSensor: "ACE1, ACE2",
    severity: "CRITICAL",
    event: "malicious_direct_reference",
    threshold: 15,
    window: "5m",
    cooldown: COOLDOWN,
    counted: {
      events: ["authz_fail"],
      missing: "in a route",
      by: ["subject"],
      byRoute: true,
      things: "targets",
    },
  },
  "excess-404": {
    appSensor: "RE1, ACE3",
    severity: "WARN",
    event: "malicious_excess_404",
    threshold: 30,
    window: "1m",
    cooldown: COOLDOWN,
    counted: { events: [], missing: "anywhere", by: ["address"] },
  },
  "validation-probe": {
    appSensor: "IE2, RE7, RE8",
    severity: "WARN",
    event: "security_alert",
    threshold: 20,
    window: "5m",
    cooldown: COOLDOWN,
    counted: {
      events: ["input_validation_fail", "input_validation_discrete_fail", "malicious_extraneous"],
      by: ["address", "subject"],
      each: true,
    },
  },
  "limit-storm": {
    appSensor: "UT2, UT3, UT4",
    severity: "WARN",
    event: "security_alert",
    threshold: 100,
    window: "1m",
    cooldown: COOLDOWN,
    counted: { events: ["excess_rate_limit_exceeded"], by: ["all"] },
  },
  "5xx-spike": {
    appSensor: "STE3",
    severity: "WARN",
    event: "security_alert",
    threshold: 20,
    window: "1m",
    cooldown: COOLDOWN,
  },
  "latency-drift": {
    appSensor: "STE3",
    severity: "INFO",
    event: "security_alert",
    threshold: 100,
    window: "10s",
    cooldown: COOLDOWN,
  },
  honeytoken: {
    appSensor: "HT2, HT3",
    severity: "CRITICAL",
    event: "security_alert",
    threshold: 1,
    window: "1m",
    cooldown: COOLDOWN,
  },
  "audit-gap": {
    appSensor: "IE6",
    severity: "CRITICAL",
    event: "security_alert",
    threshold: 1,
    window: "1m",
    cooldown: COOLDOWN,
  },
};
