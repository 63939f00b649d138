import { createCall } from "../../../core/calls/create-call.js";
import type { Hints, OptionKeys } from "../../../core/options/option-types.js";
import type { OptionsReader } from "../../../core/options/options-reader.js";
import { DURATION } from "../../../core/options/quantity.js";
import { nameFault } from "../../../core/options/value.js";
import { eventNameFault } from "../../events/event-name-fault.js";
import type { AlertKeyKind } from "./alert.js";
import type { AlertRequest, AlertRule } from "./alert-options.js";
import type { CountingSettings } from "./alert-settings.js";
import { DEFAULT_ALERTS } from "./default-rules.js";

const KEYS: OptionKeys<AlertRule> = {
  name: true,
  when: "neverUndefined",
  by: "neverUndefined",
  threshold: true,
  window: true,
  distinct: "neverUndefined",
  severity: true,
  cooldown: true,
};
/** What rules elsewhere call it. */
export const ALERT_RULE_HINTS: Hints<AlertRule> = {
  match: "when",
  condition: "when",
  key: "by",
  groupBy: "by",
  limit: "threshold",
  count: "threshold",
  windowMs: "window",
  interval: "window",
  timeframe: "window",
  level: "severity",
};
const EXAMPLE =
  '{ name: "exports", when: (request) => request.route === "/export", threshold: 5, window: "1h" }';
const BY = ["address", "subject", "token", "route", "all"] as const;
const RANGE = { min: "1s", max: "1d" } as const;
const MOST_RULES = 100;
const MAX_NAME = 64;
const MOST = 1_000_000;
const MOST_THINGS = 1000;

type RuleReader = OptionsReader<keyof AlertRule>;

/** Reads the rules of the app. */
export function readAlertRules(reader: OptionsReader<"rules">): readonly CountingSettings[] {
  const rules = reader.objects<AlertRule>("rules", KEYS, ALERT_RULE_HINTS, EXAMPLE) ?? [];
  if (rules.length > MOST_RULES) {
    reader.note("rules", `must have at most ${MOST_RULES} rules, got ${rules.length}`);
    return [];
  }
  const names = new Set<string>(DEFAULT_ALERTS);
  return rules.map((rule) => readRule(rule, names));
}

function readRule(reader: RuleReader, names: Set<string>): CountingSettings {
  const hasThings = reader.has("distinct");
  const things = hasThings
    ? reader.oneOf("distinct", ["subjects", "routes", "targets", "addresses"])
    : undefined;
  const max = hasThings ? MOST_THINGS : MOST;
  const threshold = reader.integer("threshold", { required: true, min: 1, max });
  const windowMs = reader.duration("window", { ...RANGE, required: true });
  const { when, events } = readWhen(reader);
  const { by, keyOf } = readBy(reader);
  return Object.freeze({
    name: readName(reader, names),
    appSensor: undefined,
    severity: reader.oneOf("severity", ["INFO", "WARN", "CRITICAL"], { default: "WARN" }),
    event: "security_alert",
    threshold,
    windowMs,
    window: DURATION.format(windowMs),
    cooldownMs: reader.duration("cooldown", { ...RANGE, default: "10m" }),
    events,
    missing: undefined,
    when,
    by,
    keyOf,
    each: false,
    byRoute: false,
    things,
    spread: things === undefined ? undefined : threshold,
  });
}

function readName(reader: RuleReader, names: Set<string>): string {
  const name = reader.string("name", { required: true, must: "a name of at most 64 characters" });
  if (name === undefined) return "";
  const fault =
    nameFault(name) ??
    (name.length > MAX_NAME ? `must have at most ${MAX_NAME} characters` : undefined) ??
    (names.has(name) ? "must not be the name of another rule" : undefined);
  if (fault !== undefined) reader.note("name", fault);
  names.add(name);
  return name;
}

function readWhen(reader: RuleReader): Pick<CountingSettings, "when" | "events"> {
  const value = reader.raw("when");
  if (typeof value === "function") {
    const when = createCall<boolean, AlertRequest>(value as (request: AlertRequest) => unknown, {
      option: `${reader.path}.when`,
      parse: Boolean,
    });
    return { when, events: [] };
  }
  const events = reader.strings("when", {
    required: true,
    check: eventNameFault,
    instead: "write a name of an event, or a function",
  });
  return { when: undefined, events: events ?? [] };
}

function readBy(reader: RuleReader): Pick<CountingSettings, "by" | "keyOf"> {
  const value = reader.raw("by");
  if (typeof value === "function") {
    const keyOf = createCall<string | undefined, AlertRequest>(
      value as (request: AlertRequest) => unknown,
      { option: `${reader.path}.by`, parse: parseText },
    );
    return { by: [], keyOf };
  }
  const kind: AlertKeyKind = reader.oneOf("by", BY, { default: "address" });
  return { by: [kind], keyOf: undefined };
}

/** An account or a key of the app; anything but a text is none. */
export function parseText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
