import type { KeyObject } from "node:crypto";
import type { LogFileFacts } from "../../audit-log/log-files/read-log-file.js";
import type { ChainStatus } from "../../audit-log/report/chain-status.js";
import { chainStatusOf } from "../../audit-log/report/chain-status-of.js";
import { LogLimitError } from "../../audit-log/verify/findings/log-limit-error.js";
import { LogVerifier } from "../../audit-log/verify/log-verifier.js";
import type { Anchors } from "../../audit-log/verify/seals/anchors.js";
import { judgeLogFiles } from "../../audit-log/verify/verify-log-files.js";

/** What the hash chain is checked with. */
export interface ChainSettings {
  readonly keys: readonly KeyObject[];
  readonly anchors: Anchors;
  /** How old the last checkpoint of an open stream may be, in milliseconds. */
  readonly maxAge: number | undefined;
  /** In milliseconds since the epoch. */
  readonly now: number;
  /** How many findings are told. */
  readonly most: number;
}

/** More than are shown, because those about changes come first. */
const MAX_FINDINGS = 2000;

/** Shows the lines to the verifier, while the report is made of the same lines. */
export class ChainCheck {
  readonly #settings: ChainSettings;
  readonly #verifier: LogVerifier;
  /** Why there is no verdict: more streams than can be held, or lines in no order at all. */
  #limit: string | undefined;

  constructor(files: readonly string[], settings: ChainSettings) {
    this.#settings = settings;
    this.#verifier = new LogVerifier(files, settings.anchors, MAX_FINDINGS, settings.keys);
  }

  line(bytes: Buffer, file: number, line: number, ended: boolean): void {
    if (this.#limit !== undefined) return;
    try {
      this.#verifier.line(bytes, file, line, ended);
    } catch (error) {
      if (!(error instanceof LogLimitError)) throw error;
      this.#limit = error.message;
    }
  }

  longLine(file: number, line: number, bytes: number): void {
    if (this.#limit === undefined) this.#verifier.longLine(file, line, bytes);
  }

  endFile(file: number, facts: LogFileFacts): void {
    if (this.#limit === undefined) this.#verifier.endFile(file, facts);
  }

  /** @throws LogFileError when a file cannot be read once more. */
  async result(): Promise<ChainStatus | undefined> {
    const { keys, anchors, maxAge, now, most } = this.#settings;
    if (this.#limit === undefined) {
      const report = await judgeLogFiles(this.#verifier, { keys, anchors, maxAge, now });
      // What is no record may be one that somebody made unreadable.
      const isForeign = report.records === 0 && report.integrity !== "tampered";
      return isForeign ? undefined : chainStatusOf(report, most);
    }
    const isBroken = this.#verifier.findings.has("tampered");
    const message = this.#limit;
    const kind = isBroken ? "too_many_breaks" : "too_many_streams";
    const verdict = isBroken ? "tampered" : "incomplete";
    return {
      integrity: isBroken ? "tampered" : "unsigned",
      completeness: "incomplete",
      streams: this.#verifier.streams.size,
      findings: [{ verdict, kind, place: "", stream: "", message }],
      moreFindings: 0,
    };
  }
}
