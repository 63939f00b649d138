/** What Elastic Common Schema files an event under, as JSON. */
export interface EcsCategory {
  readonly kind: "alert" | "event";
  /** `event.category`. */
  readonly category: string;
  /** `event.type`, from those that the schema expects with the category. */
  readonly type: string;
}

const ALERT = /^(?:security_alert|authn_login_fail_max|malicious_excess_404)$/;
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
 * The categories of an event.
 *
 * @param name - `event.name` of schema v1.
 * @param outcome - `audit.outcome`.
 * @see https://www.elastic.co/docs/reference/ecs/ecs-category-field-values-reference
 */
export function ecsCategory(name: string, outcome: string | undefined): EcsCategory {
  const kind = ALERT.test(name) ? "alert" : "event";
  return { kind, ...categoryOf(name, outcome) };
}

function categoryOf(name: string, outcome: string | undefined): Omit<EcsCategory, "kind"> {
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
