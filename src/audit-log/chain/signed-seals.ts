import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import type { RecordNumbers } from "../facts/record-numbers.js";
import type { SinkRecords } from "../facts/sink-records.js";
import { addExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterRealTime } from "../process/real-time.js";
import { flushAtTurnEnd, leaveTurns, type TurnUser } from "../process/turn-end.js";
import type { SystemFields, SystemRecord } from "../record/system-record.js";
import { AnchorExport } from "./anchor-export.js";
import { type CheckpointCounts, checkpointLine } from "./checkpoint-line.js";
import type { AuditAnchor } from "./integrity-options.js";
import { Certification, certifiedText, type LongTermKey } from "./keys/certification.js";
import { type EpochKey, KeyRatchet } from "./keys/key-ratchet.js";
import type { CheckpointSettings } from "./read-integrity.js";
import type { AfterRecord, MakeRecord, RecordStream } from "./record-stream.js";
import type { Seals } from "./seals.js";

/** What of an audit log its seals need. */
export interface SealedLog {
  readonly stream: RecordStream;
  readonly numbers: RecordNumbers;
  readonly systemRecord: SystemRecord;
  /** Whether the beginning of the stream may be deleted, and its first key with it. */
  readonly expires: boolean;
  /** For every checkpoint: what each sink lost so far, and what has no record of its own. */
  readonly counts: () => CheckpointCounts;
  /** What only one sink got. */
  readonly sinkRecords: SinkRecords | undefined;
  /** Reports that a function of the app failed. Must not throw. */
  readonly reportFunction: (option: string, error: unknown) => void;
}

/** The longest time without a checkpoint, even when nothing is written, unless the interval itself is longer. */
const HEARTBEAT_MS = 60_000;
/** The longest time without a certificate, where another one than the first can be had. */
const CERTIFICATE_MS = 86_400_000;
/** That a rotation writes itself: a certificate, a checkpoint, an expiry. */
const FEW_RECORDS = 3;

/**
 * Checkpoints that a ratchet of keys signs, and a long-term key that vouches for the first one of them; where the
 * beginning may be deleted, also for later ones.
 */
export class SignedSeals implements Seals, TurnUser {
  readonly firstFields: SystemFields;
  readonly #settings: CheckpointSettings;
  readonly #log: SealedLog;
  readonly #after: typeof afterRealTime;
  readonly #ratchet = new KeyRatchet();
  readonly #certification: Certification | undefined;
  /** Only as long as it has more to sign. */
  readonly #longTermKey: LongTermKey | undefined;
  readonly #anchors: AnchorExport | undefined;
  /** Neither timers nor what they write belongs to a request. */
  readonly #nobody = new OutsideScope("ExpressSecureApiAuditCheckpoints");
  readonly #atExit = (): void => this.#sealAtExit();
  /** The number of the last checkpoint. */
  #sealed = 0;
  /** Milliseconds since then, in whole intervals. */
  #quiet = 0;
  /** Milliseconds since a certificate was asked for, in whole intervals. */
  #uncertified = 0;
  #isFirstCertified = false;
  #isCertificateDue = false;
  /** Whether there was one since the clock ticked: one in an interval is enough, however small files are. */
  #isCertificateNew = false;
  /** The number of the last record when a certificate was asked for. */
  #certifiedAt = 0;
  #exiting = false;
  #ended = false;

  /** @param after - The clock. */
  constructor(settings: CheckpointSettings, log: SealedLog, after = afterRealTime) {
    const { signer, onCheckpoint } = settings;
    this.#settings = settings;
    this.#log = log;
    this.#after = after;
    const { stream } = log.numbers;
    const first: EpochKey = { epoch: 1, publicKey: this.#ratchet.firstKey };
    if ("key" in signer) {
      const { key } = signer;
      this.firstFields = keyFields(first, key.sign(certifiedText(stream, first)));
      if (log.expires) this.#longTermKey = key;
      else key.letGo();
    } else {
      this.firstFields = keyFields(first);
      const certified = (key: EpochKey, certificate: string): void => {
        this.#isFirstCertified = true;
        this.#say(keyFields(key, certificate));
      };
      const wanted = (): EpochKey | undefined =>
        this.#isFirstCertified ? this.#ratchet.current : first;
      const failed = (failure: FunctionFailure): void => {
        this.#say({ "audit.reason": failure.reason });
        this.#report("integrity.sign", failure);
      };
      this.#certification = new Certification(
        signer.sign,
        stream,
        wanted,
        { certified, failed },
        after,
      );
    }
    if (onCheckpoint !== undefined)
      this.#anchors = new AnchorExport(onCheckpoint, (error) =>
        this.#report("integrity.onCheckpoint", error),
      );
  }

  get ready(): Promise<void> | undefined {
    return this.#certification?.asking;
  }

  begin(): void {
    this.#remind();
    this.#certification?.ask();
    this.#arm();
    addExitHook(this.#atExit);
  }

  rotated(): void {
    this.#isCertificateDue = true;
    if (!this.#isCertificateNew) this.#certifyIfDue();
    this.sealSoon();
  }

  sealSoon(): void {
    if (!this.#ended) flushAtTurnEnd(this);
  }

  /** Seals what was written so far. */
  flush(): void {
    if (this.#ended || this.#log.numbers.last === this.#sealed) return;
    this.#seal();
  }

  end(fields: SystemFields): void {
    if (this.#longTermKey !== undefined) this.#certifyIfDue();
    this.#ended = true;
    this.#certification?.stop();
    this.#longTermKey?.letGo();
    leaveTurns(this);
    removeExitHook(this.#atExit);
    const { stream, systemRecord } = this.#log;
    const make: MakeRecord = (id) => systemRecord(id, "sys_monitor_disabled", fields);
    stream.end([{ make }, this.#checkpoint(true)]);
  }

  async told(): Promise<void> {
    await this.#anchors?.idle();
  }

  #seal(): void {
    const { make, after } = this.#checkpoint(false);
    this.#log.stream.write(make, after);
    this.#remind();
    // Each time, because an app may remove all listeners of "exit".
    addExitHook(this.#atExit);
  }

  #checkpoint(isLast: boolean): { readonly make: MakeRecord; readonly after: AfterRecord } {
    const { numbers, systemRecord, counts, sinkRecords } = this.#log;
    let anchor: Omit<AuditAnchor, "hash"> | undefined;
    const make: MakeRecord = (recordId) => {
      const epoch = this.#ratchet.turn(isLast);
      const number = numbers.last;
      this.#sealed = number;
      this.#quiet = 0;
      const time = new Date().toISOString();
      const { firstKey: publicKey } = this.#ratchet;
      anchor = { stream: numbers.stream, number, epoch: epoch.number, publicKey, time };
      const anchorFailures = this.#anchors?.failures ?? 0;
      return checkpointLine((fields) => systemRecord(recordId, "log_checkpoint", fields), epoch, {
        ...counts(),
        records: number - 1,
        anchorFailures,
        sinkRecords: sinkRecords?.state(isLast) ?? [],
      });
    };
    const after: AfterRecord = (hash) => {
      if (anchor === undefined) return;
      const end = isLast ? ({ end: true } as const) : {};
      this.#anchors?.tellSoon(Object.freeze({ ...anchor, hash, ...end }));
    };
    return { make, after };
  }

  #remind(): void {
    this.#log.stream.remindAt(this.#sealed + this.#settings.every, () => this.sealSoon());
  }

  #arm(): void {
    const { interval } = this.#settings;
    this.#nobody.runInAsyncScope(() => this.#after(interval, () => this.#tick()));
  }

  #tick(): void {
    if (this.#ended) return;
    this.#quiet += this.#settings.interval;
    this.#uncertified += this.#settings.interval;
    this.#isCertificateNew = false;
    if (this.#uncertified >= CERTIFICATE_MS) this.#isCertificateDue = true;
    this.#nobody.runInAsyncScope(() => this.#certifyIfDue());
    const isDue = this.#log.numbers.last > this.#sealed || this.#quiet >= HEARTBEAT_MS;
    if (isDue) this.#nobody.runInAsyncScope(() => this.#seal());
    this.#arm();
  }

  /** Not for files that hold little else than what is written because they begin. */
  #certifyIfDue(): void {
    if (!this.#isCertificateDue || this.#log.numbers.last <= this.#certifiedAt + FEW_RECORDS)
      return;
    this.#certify();
    this.#certifiedAt = this.#log.numbers.last;
  }

  /** Has the key of the next checkpoint certified, where the long-term key can be asked. */
  #certify(): void {
    if (this.#ended) return;
    this.#uncertified = 0;
    this.#isCertificateDue = false;
    this.#isCertificateNew = true;
    this.#certification?.ask();
    const key = this.#ratchet.current;
    if (this.#longTermKey === undefined || key === undefined) return;
    const certificate = this.#longTermKey.sign(certifiedText(this.#log.numbers.stream, key));
    this.#say(keyFields(key, certificate));
  }

  /** What others write when the process exits comes first: the hook goes to the end of the line once. */
  #sealAtExit(): void {
    removeExitHook(this.#atExit);
    if (this.#exiting) {
      this.#nobody.runInAsyncScope(() => this.flush());
      this.#anchors?.tell();
    } else {
      this.#exiting = true;
      addExitHook(this.#atExit);
    }
  }

  #say(fields: SystemFields): void {
    const { stream, systemRecord } = this.#log;
    stream.write((id) => systemRecord(id, "log_key", fields));
  }

  #report(option: string, error: unknown): void {
    // The reason of the app's function, not that it failed: an operator looks for `ECONNREFUSED`.
    const cause = isInstance(error, FunctionFailure) ? (error.cause ?? error) : error;
    this.#log.reportFunction(option, cause);
  }
}

/** What a record says of a key. That of the first epoch has no number, as in the first record. */
function keyFields({ epoch, publicKey }: EpochKey, certificate?: string): SystemFields {
  return {
    ...(certificate === undefined ? {} : { "audit.checkpoint.certificate": certificate }),
    ...(epoch === 1 ? {} : { "audit.checkpoint.epoch": epoch }),
    "audit.checkpoint.public_key": publicKey,
  };
}
