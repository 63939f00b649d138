import { requestSlot } from "../../core/request/request-slot.js";
import { jsonText } from "../text/json-text.js";

/** The events that the app recorded about a request. */
export interface RequestEvents {
  /** Each name once, in the order of their first. */
  readonly names: Set<string>;
  /** How many have records of their own. */
  recorded: number;
  /** How many have none, because there were too many. */
  omitted: number;
  /** Whether one of them says that something failed. */
  failed: boolean;
}

/** Of one request: a loop in the app must not fill the disk. */
const MAX_RECORDS = 100;
const MAX_NAMES = 16;

const events = requestSlot<RequestEvents>("auditEvents");

/** The events of the app about the request, if there are any. */
export function requestEvents(req: object): RequestEvents | undefined {
  return events.get(req);
}

/**
 * Notes an event of the app for the record of the request.
 *
 * @returns Whether it gets a record of its own.
 */
export function noteEvent(req: object, name: string, failed: boolean): boolean {
  let known = events.get(req);
  if (known === undefined) {
    known = { names: new Set(), recorded: 0, omitted: 0, failed: false };
    events.set(req, known);
  }
  if (known.names.size < MAX_NAMES) known.names.add(name);
  known.failed ||= failed;
  if (known.recorded >= MAX_RECORDS) {
    known.omitted += 1;
    return false;
  }
  known.recorded += 1;
  return true;
}

/** The names as JSON. */
export function eventNames(req: object): string | undefined {
  const known = events.get(req);
  return known && `[${[...known.names].map((name) => jsonText(name)).join(",")}]`;
}
