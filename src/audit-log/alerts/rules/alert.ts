/** What an alert is about. */
export type AlertKeyKind =
  | "address"
  | "subject"
  | "account"
  | "token"
  | "route"
  | "sink"
  | "all"
  | "own";

/** How grave an alert is. `INFO` is for what may have harmless causes. */
export type AlertSeverity = "INFO" | "WARN" | "CRITICAL";

/** Something that deserves attention. Frozen plain data. */
export interface Alert {
  /** The rule that was met, by its name. */
  readonly rule: string;
  /** The detection points of OWASP AppSensor that the rule implements, such as `"AE2, AE3"`. */
  readonly appSensor?: string;
  readonly severity: AlertSeverity;
  /** What was counted together, as records spell it: of an IPv6 address the network of 64 bits. */
  readonly key: { readonly kind: AlertKeyKind; readonly value: string };
  /** What was compared with `threshold`: occurrences, or different things among them. */
  readonly count: number;
  readonly threshold: number;
  /** In which time, as options are written: `"1m"`. */
  readonly window: string;
  /** When the first and the last of them were, such as `2026-11-21T19:50:01.123Z`. */
  readonly first: string;
  readonly last: string;
  /** The honeytoken that was touched: `"route /admin.php"`, `"header x-admin"`, `"subject …"`. */
  readonly touched?: string;
  /** Alerts of this rule that were not told since the last one, because there were too many of them. */
  readonly suppressed?: number;
  /** One of the requests, and where to find it: the last one, and the ids of up to five. */
  readonly sample: {
    readonly requestIds: readonly string[];
    readonly event: string;
    readonly route?: string;
  };
}

/** `node:diagnostics_channel` on which every {@link Alert} is published. */
export const ALERT_CHANNEL = "express-secure-api:alert";

// Of the process: an alert is spelt as records are, which may hide who it is about. What acts on it has to know.
const keys = new WeakMap<Alert, string>();

/** Remembers what an alert is about, however it spells that. */
export function keepKey(alert: Alert, key: string): void {
  keys.set(alert, key);
}

/** What the alert is about; `undefined` for what is no alert of ours. */
export function keyOfAlert(alert: unknown): string | undefined {
  return typeof alert === "object" && alert !== null ? keys.get(alert as Alert) : undefined;
}
