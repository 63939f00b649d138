/** What a record is to the Open Cybersecurity Schema Framework. */
export interface OcsfClass {
  /** Its first digit is the category. */
  readonly uid: number;
  readonly activity: number;
  /** The name of an activity that the class does not know. */
  readonly activityName: string | undefined;
}

export const EVENT_LOG_ACTIVITY = 1008;
export const AUTHENTICATION = 3002;
export const NETWORK_ACTIVITY = 4001;
export const API_ACTIVITY = 6003;

const UNKNOWN = 0;
const OTHER = 99;
const LOGON = 1;

const API_ACTIVITIES: Readonly<Record<string, number>> = {
  CREATE: 1,
  READ: 2,
  UPDATE: 3,
  DELETE: 4,
};
const LOG_ACTIVITIES: Readonly<Record<string, number>> = {
  log_expired: 2,
  log_segment: 5,
  sys_monitor_enabled: 9,
  sys_monitor_disabled: 10,
};
const CONNECTION_ACTIVITIES: Readonly<Record<string, number>> = {
  connection_upgraded: 1,
  connection_lost: 3,
  connection_failed: 4,
  connection_refused: 5,
};

/**
 * The class and the activity of a record.
 *
 * @param name - `event.name` of schema v1.
 * @param action - `audit.action`: absent where requests share a record that have little in common.
 * @see https://schema.ocsf.io/1.5.0/classes
 */
export function ocsfClass(name: string, action: string | undefined): OcsfClass {
  if (/^(?:sys_monitor|log)_/.test(name))
    return named(EVENT_LOG_ACTIVITY, own(LOG_ACTIVITIES, name), name);
  if (name.startsWith("authn_"))
    return named(AUTHENTICATION, /^authn_login_/.test(name) ? LOGON : undefined, name);
  if (name.startsWith("connection_"))
    return named(NETWORK_ACTIVITY, own(CONNECTION_ACTIVITIES, name), name);
  if (action === undefined) return named(API_ACTIVITY, UNKNOWN, name);
  return named(API_ACTIVITY, own(API_ACTIVITIES, action), action);
}

function named(uid: number, activity: number | undefined, name: string): OcsfClass {
  if (activity !== undefined) return { uid, activity, activityName: undefined };
  return { uid, activity: OTHER, activityName: name };
}

function own(activities: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(activities, name) ? activities[name] : undefined;
}
