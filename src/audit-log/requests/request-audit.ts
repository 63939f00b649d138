import type { Request, Response } from "express";
import { watchStatus } from "../../core/answer/sent-status.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { pendingVerdicts } from "../../core/decision/pending-verdict.js";
import type { PathPattern } from "../../core/http/path-pattern.js";
import { isSent } from "../../core/request/is-sent.js";
import type { AfterRecord, MakeRecord } from "../chain/record-stream.js";
import { auditState } from "../facts/audit-state.js";
import { type Ending, whoEnded } from "../facts/ending.js";
import {
  bytesWritten,
  type CorrelationOptions,
  openEntry,
  type RequestEntry,
} from "../facts/request-entry.js";
import { factsOf, type RequestFacts } from "../facts/request-facts.js";
import { requestEvents } from "../fields/request-events.js";
import type { RequestRecord } from "../record/request-columns.js";
import type { SystemRecord } from "../record/system-record.js";
import type { Refusals } from "../repeats/refusals.js";
import type { RouteTemplates } from "../routes/route-templates.js";
import type { SuccessSample } from "../sampling/success-sample.js";
import { LateRecords } from "./late-records.js";
import { OpenRequests } from "./open-requests.js";

const ENTRY = Symbol("express-secure-api.audit-entry");

/** What makes the records of an audit log, and takes them. */
export interface RecordMakers {
  readonly routes: RouteTemplates;
  readonly requestRecord: RequestRecord;
  readonly systemRecord: SystemRecord;
  readonly refusals: Refusals;
  readonly sample: SuccessSample | undefined;
  /** Is shown every request, whether or not it gets a record of its own. Must not throw. */
  readonly observe: (facts: RequestFacts) => void;
  readonly write: (make: MakeRecord, after?: AfterRecord) => void;
  /** Counts and reports a record that could not be made. */
  readonly countUnmade: (error: unknown) => void;
}

type AuditedResponse = Response & { [ENTRY]?: RequestEntry | undefined };

/**
 * Opens an entry when a request arrives, and writes its record, once, when the answer is over. In front of the record,
 * the decisions about the request are shown to whom they tell something about the app.
 */
export class RequestAudit {
  readonly #records: RecordMakers;
  readonly #correlation: CorrelationOptions;
  readonly #except: readonly PathPattern[];
  readonly #observe: (decisions: readonly Decision[]) => void;
  readonly #late = new LateRecords();
  readonly #open: OpenRequests<AuditedResponse>;
  // One pair of listeners for all requests: Node calls them with the response as `this`.
  readonly #onFinish: (this: Response) => void;
  readonly #onClose: (this: Response) => void;

  constructor(
    records: RecordMakers,
    correlation: CorrelationOptions,
    except: readonly PathPattern[],
    observe: (decisions: readonly Decision[]) => void,
  ) {
    this.#records = records;
    this.#correlation = correlation;
    this.#except = except;
    this.#observe = observe;
    const end = (res: Response, finished: boolean): void => this.#end(res, finished);
    // Every answer closes; one that was cut off never finishes, or has not been sent when it does.
    this.#onFinish = function onFinish() {
      end(this, isSent(this));
    };
    this.#onClose = function onClose() {
      end(this, false);
    };
    this.#open = new OpenRequests(
      (res, ending) => this.#end(res, false, ending),
      () => this.#late.flush(),
    );
  }

  open(req: Request, res: Response): RequestEntry {
    const entry = openEntry(req, this.#correlation, this.#except);
    (res as AuditedResponse)[ENTRY] = entry;
    watchStatus(req, res);
    res.on("finish", this.#onFinish);
    res.on("close", this.#onClose);
    entry.place = this.#open.add(res, req);
    // A client that left while a middleware in front of this one was waiting: "close" is over already.
    if (res.destroyed) this.#end(res, false);
    return entry;
  }

  /** Writes the records of requests that are open, and those that wait: for verdicts of report mode, which are missing then, or for the end of a minute. */
  close(): void {
    this.#open.close();
    this.#records.refusals.close();
  }

  #end(res: AuditedResponse, finished: boolean, why?: Ending): void {
    const entry = res[ENTRY];
    if (entry === undefined) return;
    res[ENTRY] = undefined;
    this.#open.delete(entry.place);
    const ending = finished ? undefined : (why ?? whoEnded(entry.socket, res));
    const verdicts = this.#verdictsOf(res);
    if (verdicts === undefined) {
      this.#writeRecord(entry, res, ending);
      return;
    }
    const ended = { tick: performance.now(), bytes: bytesWritten(entry.socket) };
    this.#late.add(verdicts, () => this.#writeRecord({ ...entry, ended }, res, ending));
  }

  #writeRecord(entry: RequestEntry, res: AuditedResponse, ending: Ending | undefined): void {
    const { routes, refusals, observe } = this.#records;
    this.#conclude(res);
    let facts: RequestFacts;
    try {
      facts = factsOf(entry, res.req as Request, res, ending, routes);
    } catch (error) {
      this.#giveUp(entry, error);
      return;
    }
    observe(facts);
    try {
      if (this.#isLeftOut(facts) || refusals.take(facts)) return;
    } catch (error) {
      this.#giveUp(entry, error);
      return;
    }
    this.#write(facts);
  }

  /** A record that cannot be made leaves its number to one that says so. */
  #write(facts: RequestFacts): void {
    const { requestRecord, write, countUnmade } = this.#records;
    let failure: { readonly error: unknown } | undefined;
    write(
      (recordId) => {
        facts.recordId = recordId;
        try {
          return requestRecord(facts);
        } catch (error) {
          failure = { error };
          return this.#unmade(facts.entry, recordId);
        }
      },
      // Not right here: a record that is caused while another one is made comes later.
      () => {
        if (failure !== undefined) countUnmade(failure.error);
      },
    );
  }

  /** @throws What a property of the app throws. */
  #isLeftOut(facts: RequestFacts): boolean {
    const { sample } = this.#records;
    const { excepted } = facts.entry;
    if ((!excepted && sample === undefined) || !isUneventful(facts)) return false;
    return excepted || sample?.leavesOut(facts) === true;
  }

  /** A `trust proxy` function or a property of the app that throws. Out of here it would end the process. */
  #giveUp(entry: RequestEntry, error: unknown): void {
    const { write, countUnmade } = this.#records;
    write((recordId) => this.#unmade(entry, recordId));
    countUnmade(error);
  }

  #unmade({ requestId }: RequestEntry, recordId: string): string {
    const fields = {
      "audit.lost.count": 1,
      "audit.sink.name": "record",
      "http.request.id": requestId,
    };
    return this.#records.systemRecord(recordId, "log_dropped", fields);
  }

  #verdictsOf(res: AuditedResponse): Promise<void> | undefined {
    try {
      return pendingVerdicts(res.req as Request);
    } catch {
      // A response that the app took apart.
      return undefined;
    }
  }

  #conclude(res: AuditedResponse): void {
    try {
      const req = res.req as Request;
      auditState.set(req, "written");
      this.#observe(decisionsOf(req));
    } catch {
      // A response that the app took apart: its record cannot be made either, and says so.
    }
  }
}

/** Whether no guard refused the request, not even in report mode, and nothing failed or was cut off. */
function isUneventful({ req, decisions, verdict: { status, ending } }: RequestFacts): boolean {
  if (ending !== undefined || status === undefined || status >= 400) return false;
  if (requestEvents(req) !== undefined) return false;
  return decisions.every(({ outcome }) => outcome === "allow");
}
