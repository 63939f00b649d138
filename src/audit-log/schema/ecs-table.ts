import { type Column, constantColumn, createRecordTable } from "../record/record-table.js";
import { ColumnValues, isAddress, numberIn } from "./column-values.js";

/** What Elastic Common Schema files an event under, as JSON. */
interface EcsCategory {
  /** `event.category`. */
  readonly category: string;
  /** `event.type`, from those that the schema expects with the category. */
  readonly type: string;
}

/** The version whose names are used; later ones of 8 and 9 have them too. */
const ECS_VERSION = "8.17.0";

/** Columns that only have another name. */
const NAMES: Readonly<Record<string, string>> = {
  "audit.actor.tenant": "organization.id",
  "audit.outcome": "event.outcome",
  "audit.reason": "event.reason",
  "http.request.body.size": "http.request.body.bytes",
  "http.response.size": "http.response.bytes",
  observed_timestamp: "event.created",
  "security_rule.category": "rule.category",
  "security_rule.name": "rule.name",
  "service.instance.id": "service.node.name",
  span_id: "span.id",
  trace_id: "trace.id",
};
/** Columns from which others are derived that say the same. */
const REPLACED: readonly string[] = [
  "audit.actor.id",
  "audit.severity",
  "client.address",
  "duration_us",
];

const MONITOR_TYPES: Readonly<Record<string, string>> = {
  sys_monitor_enabled: '["start"]',
  sys_monitor_disabled: '["end"]',
};
const IAM_TYPES: Readonly<Record<string, string>> = {
  authz_admin: '["admin"]',
  authz_change: '["change"]',
  privilege_permissions_changed: '["change"]',
  user_created: '["creation","user"]',
  user_updated: '["change","user"]',
  user_archived: '["change","user"]',
  user_deleted: '["deletion","user"]',
};
const SESSION_TYPES: Readonly<Record<string, string>> = {
  session_created: '["start"]',
  session_expired: '["end"]',
};
/** Refused because of what was sent, or because it was too much. */
const REFUSED = /^(?:authz_fail|excess_|input_validation_|malicious_|sequence_fail)/;

/**
 * Makes the function that writes records of one kind in the names of Elastic Common Schema, with dots in them as in its
 * loggers. What it has no name for stays as it is in schema v1, and so do the id of the record, the version of our own
 * schema, and what proves that nobody changed the log.
 *
 * @see https://www.elastic.co/docs/reference/ecs
 */
export function createEcsTable<Facts>(columns: readonly Column<Facts>[]): (facts: Facts) => string {
  const values = new ColumnValues(columns);
  const kept = columns.filter(({ name }) => !REPLACED.includes(name));
  return createRecordTable<Facts>([
    ...kept.map((column) => ({ ...column, name: NAMES[column.name] ?? column.name })),
    ...classification(values),
    ...actor(values),
    ...source(values),
    {
      name: "event.duration",
      // In nanoseconds.
      read: scaled(values.whole("duration_us"), 1000),
      whole: true,
    },
    constantColumn("ecs.version", ECS_VERSION),
  ]);
}

function classification<Facts>(values: ColumnValues<Facts>): readonly Column<Facts>[] {
  const name = values.text("event.name");
  const outcome = values.text("audit.outcome");
  const severity = values.text("audit.severity");
  const recordId = values.text("audit.record.id");
  const rule = values.text("security_rule.name");
  const filed = (facts: Facts): EcsCategory => ecsCategory(name(facts) ?? "", outcome(facts));
  return [
    // Ours stays, because OpenTelemetry has it.
    { name: "event.action", read: name, quoted: true },
    {
      name: "event.kind",
      read: (facts) => (rule(facts) === undefined ? "event" : "alert"),
      quoted: true,
    },
    { name: "event.category", read: (facts) => filed(facts).category },
    { name: "event.type", read: (facts) => filed(facts).type },
    { name: "event.sequence", read: (facts) => numberIn(recordId(facts)), whole: true },
    { name: "log.level", read: (facts) => severity(facts)?.toLowerCase(), quoted: true },
  ];
}

/** Who nobody knows, and the log itself, is no user. */
function actor<Facts>(values: ColumnValues<Facts>): readonly Column<Facts>[] {
  const type = values.text("audit.actor.type");
  const id = values.text("audit.actor.id");
  return [
    {
      name: "user.id",
      read: (facts) => (/^(?:user|service)$/.test(type(facts) ?? "") ? id(facts) : undefined),
      quoted: true,
    },
  ];
}

/** Elasticsearch refuses a record whose `source.ip` is no address. */
function source<Facts>(values: ColumnValues<Facts>): readonly Column<Facts>[] {
  const address = values.text("client.address");
  const only = (wanted: boolean) => (facts: Facts) => {
    const text = address(facts);
    return isAddress(text) === wanted ? text : undefined;
  };
  return [
    { name: "source.ip", read: only(true), quoted: true },
    { name: "source.address", read: only(false), quoted: true },
  ];
}

function scaled<Facts>(
  read: (facts: Facts) => number | undefined,
  factor: number,
): (facts: Facts) => number | undefined {
  return (facts) => {
    const value = read(facts);
    return value === undefined ? undefined : value * factor;
  };
}

/**
 * The categories of an event.
 *
 * @param name - `event.name` of schema v1.
 * @param outcome - `audit.outcome`.
 * @see https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference
 */
function ecsCategory(name: string, outcome: string | undefined): EcsCategory {
  const failed = outcome === "failure";
  if (name.startsWith("authn_")) {
    const type = failed ? '["denied","start"]' : /login/.test(name) ? '["start"]' : '["info"]';
    return { category: '["api","authentication"]', type };
  }
  const iam = own(IAM_TYPES, name);
  if (iam !== undefined) return { category: '["iam"]', type: iam };
  if (name.startsWith("session_"))
    return { category: '["session"]', type: own(SESSION_TYPES, name) ?? '["info"]' };
  if (/^(?:sys|log)_/.test(name))
    return { category: '["process"]', type: own(MONITOR_TYPES, name) ?? '["info"]' };
  if (name.startsWith("connection_")) {
    const type = failed ? "denied" : outcome === "success" ? "start" : "end";
    return { category: '["network"]', type: `["connection","${type}"]` };
  }
  if (REFUSED.test(name)) return { category: '["api"]', type: '["access","denied"]' };
  return {
    category: '["api"]',
    type: outcome === "success" ? '["access","allowed"]' : '["access"]',
  };
}

function own(types: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(types, name) ? types[name] : undefined;
}
