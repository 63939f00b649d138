import { closest } from "../../core/options/spelling.js";
import { OWASP_EVENT_NAMES } from "./owasp-events.js";
import { EVENT_NAME, OWN_EVENT } from "./read-event.js";

/** What rules may look for beside the vocabulary and the events of the app: those of requests and of connections. */
const OTHERS = [
  "api_request",
  "browser_report",
  "connection_failed",
  "connection_lost",
  "connection_refused",
  "connection_upgraded",
];
const KNOWN: ReadonlySet<string> = new Set([...OWASP_EVENT_NAMES, ...OTHERS]);

/**
 * What is wrong with the name of an event that a rule waits for. Any name may be one of the app; one that is nearly in the
 * vocabulary is a mistake, and the rule would wait for ever.
 */
export function eventNameFault(name: string): string | undefined {
  if (KNOWN.has(name)) return undefined;
  const meant = closest(name, KNOWN);
  if (meant !== undefined) return `must be the name of an event: did you mean "${meant}"?`;
  if (!EVENT_NAME.test(name)) return 'must be a name of an event, such as "authz_fail"';
  return OWN_EVENT.test(name)
    ? "must be an event of requests, of the app or of connections: rules see none of the log itself"
    : undefined;
}
