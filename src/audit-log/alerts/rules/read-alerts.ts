import type { Request } from "express";
import { createCall } from "../../../core/calls/create-call.js";
import { isToken } from "../../../core/http/header-values.js";
import { readPathPatterns } from "../../../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../../../core/options/option-types.js";
import type { OptionsReader } from "../../../core/options/options-reader.js";
import { DURATION } from "../../../core/options/quantity.js";
import { wrongChoice } from "../../../core/options/spelling.js";
import { isPlainObject } from "../../../core/options/value.js";
import type { AlertOptions, AlertThresholds, HoneytokenOptions } from "./alert-options.js";
import type {
  AlertSettings,
  CountingSettings,
  Honeytokens,
  RuleSettings,
} from "./alert-settings.js";
import {
  DEFAULT_ALERTS,
  DEFAULT_RULES,
  type DefaultAlert,
  type DefaultRule,
} from "./default-rules.js";
import { parseText, readAlertRules } from "./read-alert-rules.js";

const KEYS: OptionKeys<AlertOptions> = {
  rules: "neverUndefined",
  defaults: true,
  honeytokens: "neverUndefined",
  account: "neverUndefined",
  countReported: true,
};
const THRESHOLD_KEYS: OptionKeys<AlertThresholds> = {
  threshold: true,
  window: true,
  cooldown: true,
};
const HONEYTOKEN_KEYS: OptionKeys<HoneytokenOptions> = {
  routes: "neverUndefined",
  headers: "neverUndefined",
  subjects: "neverUndefined",
};
const ON_CHANNEL =
  'subscribe to the node:diagnostics_channel "express-secure-api:alert", or give the log a sink';
/** What people look for first. */
export const ALERT_HINTS: Hints<AlertOptions> = {
  onAlert: ON_CHANNEL,
  webhook: ON_CHANNEL,
  block: "alerts never block by themselves: alertTo(rateLimiter, { rules, for }) does",
  thresholds: 'write defaults: { "auth-burst": { threshold: 20 } }',
};
/** For the numbers of a rule. */
export const THRESHOLD_HINTS: Hints<AlertThresholds> = {
  limit: "threshold",
  max: "threshold",
  count: "threshold",
  windowMs: "window",
  interval: "window",
};
/** As honeytokens, these would tell of every request, and with `alertTo` block everybody. */
const ORDINARY_FIELDS: ReadonlySet<string> = new Set(
  `accept accept-charset accept-encoding accept-language access-control-request-headers
  access-control-request-method authorization cache-control connection content-encoding content-length content-type cookie
  date dnt expect forwarded host if-match if-modified-since if-none-match if-range keep-alive origin pragma priority range
  referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user te
  traceparent tracestate transfer-encoding upgrade upgrade-insecure-requests user-agent via x-forwarded-for
  x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-requested-with`.split(
    /\s+/,
  ),
);
const EXAMPLE = '{ defaults: { "excess-404": { threshold: 100 } } }';
const SPREADS: Partial<Record<DefaultAlert, true>> = { "user-spray": true, "bola-enum": true };
const MOST = 1_000_000;
const MOST_THINGS = 1000;
const RANGE = { min: "1s", max: "1d" } as const;
const WHOLE_APP = "a honeytoken is what nobody asks for";

/** Reads the option `alerts`. @returns `undefined` when there are none. */
export function readAlerts(reader: OptionsReader<"alerts">): AlertSettings | undefined {
  const value = reader.raw("alerts");
  if (value === false) return undefined;
  const given = value === true || value === undefined ? {} : value;
  if (!isPlainObject(given)) {
    reader.problem("alerts", "true, false or an options object", `write alerts: ${EXAMPLE}`);
    return undefined;
  }
  const options = reader.nested<AlertOptions>("alerts", given, KEYS, ALERT_HINTS, EXAMPLE);
  const rules = readDefaults(options);
  const tokens = readHoneytokens(options);
  const honeytoken = rules.get("honeytoken");
  if (tokens !== undefined && honeytoken === undefined)
    options.note("honeytokens", 'must be left out when the rule "honeytoken" is switched off');
  return Object.freeze({
    counting: Object.freeze([...countingOf(rules), ...readAlertRules(options)]),
    spike: rules.get("5xx-spike"),
    drift: rules.get("latency-drift"),
    honeytoken:
      tokens === undefined || honeytoken === undefined ? undefined : { ...honeytoken, tokens },
    gap: rules.get("audit-gap"),
    account: readAccount(options),
    countReported: options.boolean("countReported", { default: false }),
  });
}

function readDefaults(reader: OptionsReader<"defaults">): ReadonlyMap<DefaultAlert, RuleSettings> {
  const value = reader.raw("defaults");
  const rules = new Map<DefaultAlert, RuleSettings>();
  if (value === false) return rules;
  const given = value === undefined ? {} : value;
  if (!isPlainObject(given)) {
    reader.problem("defaults", "false or an object with names of rules", "write false for none");
    return rules;
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(DEFAULT_RULES, name))
      reader.note(
        "defaults",
        `must have names of rules: a name ${wrongChoice(name, DEFAULT_ALERTS)}`,
      );
  }
  for (const name of DEFAULT_ALERTS) {
    const own: unknown = Object.hasOwn(given, name) ? given[name] : undefined;
    if (own === false) continue;
    rules.set(name, readThresholds(reader, name, own));
  }
  return rules;
}

function readThresholds(
  reader: OptionsReader<"defaults">,
  name: DefaultAlert,
  given: unknown,
): RuleSettings {
  const rule = DEFAULT_RULES[name];
  const numbers = reader.nested<AlertThresholds>(
    `defaults["${name}"]` as "defaults",
    given === undefined ? {} : given,
    THRESHOLD_KEYS,
    THRESHOLD_HINTS,
    "{ threshold: 100 }, or false for none",
  );
  const max = SPREADS[name] === true ? MOST_THINGS : MOST;
  const { appSensor, severity, event } = rule;
  const window = numbers.has("window")
    ? DURATION.format(numbers.duration("window", RANGE))
    : rule.window;
  return Object.freeze({
    name,
    appSensor,
    severity,
    event,
    threshold: numbers.has("threshold")
      ? numbers.integer("threshold", { min: 1, max })
      : rule.threshold,
    windowMs: DURATION.parse(window) ?? 0,
    window,
    cooldownMs: numbers.duration("cooldown", { ...RANGE, default: rule.cooldown }),
  });
}

function countingOf(rules: ReadonlyMap<DefaultAlert, RuleSettings>): readonly CountingSettings[] {
  return [...rules].flatMap(([name, rule]) => {
    const { counted }: DefaultRule = DEFAULT_RULES[name];
    if (counted === undefined) return [];
    const { events, missing, by, each = false, byRoute = false, things, spread } = counted;
    return [
      Object.freeze({
        ...rule,
        events,
        missing,
        when: undefined,
        by,
        keyOf: undefined,
        each,
        byRoute,
        things,
        spread: things === undefined ? undefined : (spread ?? rule.threshold),
      }),
    ];
  });
}

function readHoneytokens(reader: OptionsReader<"honeytokens">): Honeytokens | undefined {
  const tokens = reader.object<HoneytokenOptions>(
    "honeytokens",
    HONEYTOKEN_KEYS,
    {},
    '{ routes: ["/admin.php"] }',
  );
  if (tokens === undefined) return undefined;
  const headers = tokens.strings("headers", {
    check: (name) => {
      if (!isToken(name)) return "must be a header field name";
      return ORDINARY_FIELDS.has(name.toLowerCase())
        ? "must not be a field that ordinary clients or proxies send"
        : undefined;
    },
  });
  const settings = {
    // Like a restriction it covers too much rather than too little, and it must not cover the app.
    routes: readPathPatterns(tokens, "routes", WHOLE_APP) ?? [],
    headers: Object.freeze((headers ?? []).map((name) => name.toLowerCase())),
    subjects: new Set(tokens.strings("subjects") ?? []),
  };
  if (!tokens.has("routes") && !tokens.has("headers") && !tokens.has("subjects"))
    tokens.note("", "must name routes, headers or subjects");
  return Object.freeze(settings);
}

function readAccount(reader: OptionsReader<"account">): AlertSettings["account"] {
  const account = reader.function<(req: Request) => unknown>("account");
  if (account === undefined) return undefined;
  return createCall<string | undefined, Request>(account, {
    option: `${reader.path}.account`,
    parse: parseText,
  });
}
