import type { Request, Response } from "express";
import { type Decision, decisionsOf } from "../core/guard/decision.js";
import { pendingVerdicts } from "../core/guard/pending-verdict.js";
import {
  bytesWritten,
  type CorrelationOptions,
  openEntry,
  type RequestEntry,
} from "./facts/request-entry.js";
import { LateRecords } from "./late-records.js";
import type { RequestRecord } from "./record/request-record.js";
import type { SystemRecord } from "./record/system-record.js";

const ENTRY = Symbol("express-secure-api.audit-entry");

/** Makes the records of an audit log. */
export interface RecordMakers {
  readonly requestRecord: RequestRecord;
  readonly systemRecord: SystemRecord;
}

type AuditedResponse = Response & { [ENTRY]?: RequestEntry | undefined };

/**
 * Opens an entry when a request arrives, and writes its record, once, when the answer is over. In front of the record,
 * the decisions about the request are shown to whom they tell something about the app.
 */
export class RequestAudit {
  readonly #records: RecordMakers;
  readonly #correlation: CorrelationOptions;
  readonly #write: (line: string) => void;
  readonly #observe: (decisions: readonly Decision[]) => void;
  readonly #late = new LateRecords();
  // One pair of listeners for all requests: Node calls them with the response as `this`.
  readonly #onFinish: (this: Response) => void;
  readonly #onClose: (this: Response) => void;

  constructor(
    records: RecordMakers,
    correlation: CorrelationOptions,
    write: (line: string) => void,
    observe: (decisions: readonly Decision[]) => void,
  ) {
    this.#records = records;
    this.#correlation = correlation;
    this.#write = write;
    this.#observe = observe;
    const end = (res: Response, finished: boolean): void => this.#end(res, finished);
    this.#onFinish = function onFinish() {
      end(this, true);
    };
    // Every answer closes; one that was cut off never finishes.
    this.#onClose = function onClose() {
      end(this, false);
    };
  }

  open(req: Request, res: Response): RequestEntry {
    const entry = openEntry(req, this.#correlation);
    (res as AuditedResponse)[ENTRY] = entry;
    res.on("finish", this.#onFinish);
    res.on("close", this.#onClose);
    // A client that left while a middleware in front of this one was waiting: "close" is over already.
    if (res.destroyed) this.#end(res, false);
    return entry;
  }

  /** Writes the records that wait for verdicts of report mode, without them. */
  flush(): void {
    this.#late.flush();
  }

  #end(res: AuditedResponse, finished: boolean): void {
    const entry = res[ENTRY];
    if (entry === undefined) return;
    res[ENTRY] = undefined;
    const verdicts = pendingVerdicts(res.req as Request);
    if (verdicts === undefined) {
      this.#write(this.#recordOf(entry, res, finished));
      return;
    }
    const ended = { tick: performance.now(), bytes: bytesWritten(entry.socket) };
    this.#late.add(verdicts, () => {
      this.#write(this.#recordOf({ ...entry, ended }, res, finished));
    });
  }

  #recordOf(entry: RequestEntry, res: Response, finished: boolean): string {
    try {
      const req = res.req as Request;
      this.#observe(decisionsOf(req));
      return this.#records.requestRecord(entry, req, res, finished);
    } catch {
      // A `trust proxy` function or a property of the app that throws. Here it would end the process.
      return this.#records.systemRecord("log_dropped", {
        "audit.lost": 1,
        "audit.sink": "record",
        "http.request.id": entry.requestId,
      });
    }
  }
}
