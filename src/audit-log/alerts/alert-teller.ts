import { OutsideScope } from "../../core/calls/outside-scope.js";
import { safeChannel } from "../../core/decision/safe-channel.js";
import { OMITTED } from "../privacy/privacy.js";
import type { AlertEvent } from "../record/system-record.js";
import { safeText } from "../text/safe-text.js";
import type { Touched } from "./honeytokens.js";
import { ALERT_CHANNEL, type Alert, type AlertKeyKind, keepKey } from "./rules/alert.js";
import type { RuleSettings } from "./rules/alert-settings.js";

/** What a rule has found. Times are on the clock of `performance.now()`. */
export interface Finding {
  readonly kind: AlertKeyKind;
  readonly key: string;
  readonly count: number;
  readonly first: number;
  readonly notes: readonly string[];
  readonly event: string;
  readonly route: string | undefined;
  readonly touched?: Touched | undefined;
  /** Whether the caller is a service. */
  readonly isService?: boolean;
}

/** The members of the record of an alert. */
type AlertFields = Readonly<Record<string, string | number | readonly string[]>>;

/** Writes the record of an alert. */
export type SayAlert = (event: AlertEvent, fields: AlertFields) => void;

/** How a key is spelt wherever it is told. */
export type SpellKey = (kind: AlertKeyKind, key: string, isService: boolean) => string;

const alerts = safeChannel(ALERT_CHANNEL);
const MINUTE = 60_000;
/**
 * Of one rule and kind of key, in a minute: whoever has a million addresses could fill a disk with alerts, and must not
 * drown the one about the account that they try.
 */
const MOST_IN_A_MINUTE = 100;

/** What was told of one rule and kind of key. */
interface Told {
  until: number;
  count: number;
  suppressed: number;
}

/** Tells what rules find: with a record, then on the channel. */
export class AlertTeller {
  readonly #say: SayAlert;
  readonly #spell: SpellKey;
  // Neither the record nor a subscriber belongs to the request that was the last straw.
  readonly #nobody = new OutsideScope("ExpressSecureApiAlerts");
  readonly #told = new Map<string, Told>();

  /** @param say - Must not throw. */
  constructor(say: SayAlert, spell: SpellKey) {
    this.#say = say;
    this.#spell = spell;
  }

  /**
   * Writes a record, then publishes.
   *
   * @returns If it was not told, because there are too many alerts: until when that is so.
   */
  tell(rule: RuleSettings, finding: Finding, now: number): number | undefined {
    return this.#tell(rule, finding, now, true);
  }

  /** Writes no record. */
  publish(rule: RuleSettings, finding: Finding, now: number): void {
    this.#tell(rule, finding, now, false);
  }

  #tell(rule: RuleSettings, finding: Finding, now: number, recorded: boolean): number | undefined {
    const told = this.#toldOf(rule, finding.kind, now);
    if (told.count >= MOST_IN_A_MINUTE) {
      told.suppressed += 1;
      return told.until;
    }
    told.count += 1;
    const alert = this.#alertOf(rule, finding, now, told.suppressed);
    told.suppressed = 0;
    this.#nobody.runInAsyncScope(() => {
      if (recorded) this.#say(rule.event, fieldsOf(alert));
      if (alerts.hasSubscribers) alerts.publish(alert);
    });
    return undefined;
  }

  #toldOf(rule: RuleSettings, kind: AlertKeyKind, now: number): Told {
    const name = `${kind} ${rule.name}`;
    let told = this.#told.get(name);
    if (told === undefined) {
      told = { until: now + MINUTE, count: 0, suppressed: 0 };
      this.#told.set(name, told);
    }
    if (now >= told.until) {
      told.until = now + MINUTE;
      told.count = 0;
    }
    return told;
  }

  #alertOf(rule: RuleSettings, finding: Finding, now: number, suppressed: number): Alert {
    const { name, appSensor, severity, threshold, window } = rule;
    const { kind, key, count, first, notes, event, route, touched, isService = false } = finding;
    // A clock that was set meanwhile must not turn first and last around.
    const today = Date.now();
    const alert: Alert = Object.freeze({
      rule: name,
      ...(appSensor === undefined ? {} : { appSensor }),
      severity,
      key: Object.freeze({ kind, value: safeText(this.#spell(kind, key, isService)) }),
      count,
      threshold,
      window,
      first: timeText(today - Math.max(0, now - first)),
      last: timeText(today),
      ...(touched === undefined
        ? {}
        : { touched: safeText(this.#touchedText(touched, isService)) }),
      ...(suppressed === 0 ? {} : { suppressed }),
      sample: Object.freeze({
        requestIds: Object.freeze([...notes]),
        event,
        ...(route === undefined ? {} : { route: safeText(route) }),
      }),
    });
    keepKey(alert, key);
    return alert;
  }

  #touchedText({ kind, name }: Touched, isService: boolean): string {
    return `${kind} ${kind === "subject" ? this.#spell(kind, name, isService) : name}`;
  }
}

function fieldsOf(alert: Alert): AlertFields {
  const { rule, appSensor, severity, key, count, threshold, window, first, last } = alert;
  const { touched, suppressed, sample } = alert;
  return {
    "audit.alert.count": count,
    "audit.alert.event": sample.event,
    "audit.alert.first": first,
    "audit.alert.key": key.value,
    "audit.alert.key_kind": key.kind,
    "audit.alert.last": last,
    "audit.alert.requests": sample.requestIds,
    ...(suppressed === undefined ? {} : { "audit.alert.suppressed": suppressed }),
    "audit.alert.threshold": threshold,
    ...(touched === undefined ? {} : { "audit.alert.touched": touched }),
    "audit.alert.window": window,
    "audit.severity": severity,
    ...(key.kind === "address" && key.value !== OMITTED ? { "client.address": key.value } : {}),
    ...(sample.route === undefined ? {} : { "http.route": sample.route }),
    ...(appSensor === undefined ? {} : { "security_rule.category": appSensor }),
    "security_rule.name": rule,
  };
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
