import type { Request } from "express";
import { requestSlot } from "../../core/request/request-slot.js";
import type { AfterRecord, MakeRecord } from "../chain/record-stream.js";
import { auditState } from "../facts/audit-state.js";
import type { RequestEntry } from "../facts/request-entry.js";
import { factsOf, type RequestFacts } from "../facts/request-facts.js";
import { noteEvent } from "../fields/request-events.js";
import type { SystemRecord } from "../record/system-record.js";
import type { RouteTemplates } from "../routes/route-templates.js";
import type { EventRecord } from "./event-record.js";
import { type AppEvent, type EventFault, readEvent } from "./read-event.js";
import { warnOfSpelling } from "./warn-of-spelling.js";

/** What makes the records of events, and takes them. */
export interface EventMakers {
  readonly routes: RouteTemplates;
  readonly eventRecord: EventRecord;
  readonly systemRecord: SystemRecord;
  readonly write: (make: MakeRecord, after?: AfterRecord) => void;
  /** Is shown each event of a request, when its record is written: the request, judged by the event. Must not throw. */
  readonly observeEvent: (facts: RequestFacts) => void;
  /** Counts and reports a record that could not be made. */
  readonly countUnmade: (error: unknown) => void;
}

const FAULTS: Readonly<Record<EventFault, string>> = {
  event:
    "a name must have up to 64 lower-case letters, digits and single underscores, and not be one of the log's own. The event was not recorded",
  details:
    "the outcome must be success, failure or unknown, the severity INFO, WARN, ERROR or CRITICAL",
  name: "the name of a field must have a letter and up to 39 letters, digits or underscores",
  secret: "the name of a field says that it carries a credential, a key or a session",
  value: "a field must be a string, a finite number or a boolean",
  number: "an event has at most 16 fields",
};
// Of the process: what is wrong with a call is wrong whichever log runs, and one warning is enough.
const told = new Set<EventFault>();

/** Of the request: the log that records it, and what that knew from its beginning. */
const logOf = requestSlot<AppEvents>("auditEventLog");
const entryOf = requestSlot<RequestEntry>("auditEntry");

/** The log that records this request; none where the app gives something else. */
export function eventsOf(req: unknown): AppEvents | undefined {
  return isObject(req) ? logOf.get(req) : undefined;
}

/** Records events of the app in one audit log. */
export class AppEvents {
  readonly #makers: EventMakers;
  #closed = false;

  constructor(makers: EventMakers) {
    this.#makers = makers;
  }

  /** Makes the events of this request known as those of this log. */
  open(req: Request, entry: RequestEntry): void {
    logOf.set(req, this);
    entryOf.set(req, entry);
  }

  /** Says of later events that they are not recorded. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Records one event. Never throws.
   *
   * @param req - `null`: it belongs to no request.
   * @returns Whether it is recorded, with all its fields.
   */
  record(req: Request | null, name: unknown, fields: unknown, details: unknown): boolean {
    const { event, fault } = readEvent(name, fields, details);
    if (fault !== undefined) warn(fault);
    if (event === undefined) return false;
    warnOfSpelling(event.event.name);
    const recorded = eventsOf(req) === this ? req : null;
    if (recorded !== null && !this.#note(recorded, event)) return false;
    return this.#write(recorded, event) && fault === undefined && !this.#closed;
  }

  #note(req: Request, { event, outcome }: AppEvent): boolean {
    const failed = outcome === "failure" && auditState.get(req) === "open";
    return noteEvent(req, event.name, failed);
  }

  #write(req: Request | null, appEvent: AppEvent): boolean {
    const { eventRecord, systemRecord, write, observeEvent, countUnmade } = this.#makers;
    let request: RequestFacts | undefined;
    let failure: { readonly error: unknown } | undefined;
    write(
      (recordId) => {
        try {
          request = req === null ? undefined : this.#factsOf(req, appEvent);
          return eventRecord({ recordId, appEvent, request });
        } catch (error) {
          // A property of the request that the app replaced.
          failure = { error };
          return systemRecord(recordId, "log_dropped", {
            "audit.lost.count": 1,
            "audit.sink.name": "record",
          });
        }
      },
      // Not right here: an event that is told while another record is made comes later.
      () => {
        if (failure !== undefined) countUnmade(failure.error);
        if (request !== undefined) observeEvent(request);
      },
    );
    return failure === undefined;
  }

  #factsOf(req: Request, { event, outcome }: AppEvent): RequestFacts | undefined {
    const entry = entryOf.get(req);
    if (entry === undefined || req.res === undefined) return undefined;
    const facts = factsOf(entry, req, req.res, undefined, this.#makers.routes);
    return { ...facts, verdict: { ...facts.verdict, event, outcome, reported: undefined } };
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function warn(fault: EventFault): void {
  if (told.has(fault)) return;
  told.add(fault);
  process.emitWarning(`auditEvent: ${FAULTS[fault]}.`, { code: "EXPRESS_SECURE_API_AUDIT_EVENT" });
}
