import type { FindingList } from "../findings/finding-list.js";
import { isSignedBy, readKey } from "./ed25519.js";
import type { Checkpoint, EpochCertificate } from "./statements.js";

/** Where a run of records is, for findings about its checkpoints. */
export interface SealPlace {
  readonly stream: string;
  readonly file: string;
  readonly line: number;
}

/** Which key signed the checkpoint of an epoch. */
interface UsedKey {
  readonly epoch: number;
  readonly publicKey: string;
}

/** A key that the long-term key vouches for, and the record that says so. */
interface VouchedKey extends EpochCertificate {
  readonly place: SealPlace & { readonly number: number };
}

/** A certificate that was asked for comes a little behind the checkpoint whose key it is about. */
const MAX_RECENT = 32;

/** A checkpoint whose key is not known yet, because it stands in front of a part that was not read yet. */
interface WaitingCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly place: SealPlace;
}

/**
 * The checkpoints of a run of records without a gap. Each is verified with the key that the one in front of it named,
 * so that only the first has to wait, and the state is as small for a million checkpoints as for one.
 */
export class RunSeals {
  /** Of the last checkpoint; 0 when there is none. */
  epoch = 0;
  /** Number of the last checkpoint whose signature fits; 0 when there is none. */
  sealedTo = 0;
  /** Time of that checkpoint. */
  sealedAt = Number.NaN;
  /** Records that the log said it lost. */
  lost = 0;
  /** Whether the keys come from the beginning of the stream, or from a checkpoint that is vouched for. */
  rooted = false;
  /** Whether the long-term key vouches for the key of a checkpoint in this run, and so for all in front of that. */
  certified = false;
  #last = 0;
  #lastTime = Number.NaN;
  #waiting: WaitingCheckpoint | undefined;
  /** Of the next epoch. */
  #nextKey: string | undefined;
  #usedKey: string | undefined;
  /** Of a checkpoint that was not read yet. */
  #vouched: VouchedKey | undefined;
  /** Of the last checkpoints whose signatures fit. */
  #recent: UsedKey[] = [];

  /** The key of the first epoch, of a run that begins with the stream. */
  begin(publicKey: string | undefined): void {
    this.#nextKey = publicKey;
    this.rooted = publicKey !== undefined;
  }

  /** Number of the last checkpoint, whether its signature fits or not. */
  get last(): number {
    return this.#last;
  }

  /** Whether a checkpoint waits for the key of an earlier one. */
  get waits(): boolean {
    return this.#waiting !== undefined;
  }

  add(checkpoint: Checkpoint, place: SealPlace, findings: FindingList): void {
    const said = this.#vouched;
    const vouched = said?.epoch === checkpoint.epoch ? said : undefined;
    this.#vouched = undefined;
    if (this.epoch === 0 && this.#nextKey === undefined) {
      // It is compared with the checkpoint in front of it as well, where there is one.
      this.#waiting = { checkpoint, place };
      if (vouched !== undefined) this.#verifyFirst(this.#waiting, vouched, findings);
    } else {
      const key = this.#nextKey;
      const fits = this.#verify(checkpoint, place, findings);
      if (fits && vouched !== undefined) this.#compare(key, vouched, findings);
    }
    this.#take(checkpoint);
  }

  /**
   * The long-term key vouches for the key of an epoch: of the next checkpoint, or of one of the last. That proves
   * everything in front of that checkpoint. It gives no epoch another key than the one it has.
   */
  certify(
    certificate: EpochCertificate,
    place: SealPlace & { readonly number: number },
    findings: FindingList,
  ): void {
    const vouched = { ...certificate, place };
    const { epoch } = certificate;
    const used = this.#recent.find((one) => one.epoch === epoch);
    if (epoch > this.epoch) this.#vouched = vouched;
    else if (used !== undefined) this.#compare(used.publicKey, vouched, findings);
    else if (this.#waiting?.checkpoint.epoch === epoch)
      this.#verifyFirst(this.#waiting, vouched, findings);
  }

  #compare(key: string | undefined, vouched: VouchedKey, findings: FindingList): void {
    if (key === vouched.publicKey) this.#certify();
    else sayOtherKey(vouched, findings);
  }

  #verifyFirst(
    { checkpoint: { message, signature, number, time } }: WaitingCheckpoint,
    vouched: VouchedKey,
    findings: FindingList,
  ): void {
    const key = readKey(vouched.publicKey);
    if (key !== undefined && isSignedBy(key, message, signature)) {
      if (this.sealedTo < number) {
        this.sealedTo = number;
        this.sealedAt = time;
      }
      this.#certify();
    } else sayOtherKey(vouched, findings);
  }

  #certify(): void {
    this.certified = true;
    this.rooted = true;
  }

  /** Whoever vouches for a checkpoint vouches for all in front of it in this run, and for the key that it names. */
  vouch({ number, time }: Checkpoint): void {
    this.#waiting = undefined;
    this.rooted = true;
    this.sealedTo = number;
    this.sealedAt = time;
  }

  /** Goes on with the run behind this one. */
  append(behind: RunSeals, findings: FindingList): void {
    this.#vouched = behind.#vouched ?? (behind.epoch === 0 ? this.#vouched : undefined);
    if (behind.epoch === 0) return;
    const before = this.rooted || this.epoch > 0;
    if (behind.#waiting !== undefined) {
      const isProven = behind.certified && behind.#waiting.checkpoint.epoch > this.epoch + 1;
      if (before && !isProven) {
        const { checkpoint, place } = behind.#waiting;
        const fits = this.#verify(checkpoint, place, findings);
        if (fits) this.sealedTo = Math.max(this.sealedTo, behind.#last);
        this.sealedAt = behind.#lastTime;
      } else {
        if (!before) this.#waiting = behind.#waiting;
        this.sealedTo = behind.sealedTo;
        this.sealedAt = behind.sealedAt;
      }
      this.rooted ||= behind.certified;
    } else {
      this.sealedTo = behind.sealedTo;
      this.sealedAt = behind.sealedAt;
      this.rooted ||= behind.rooted;
    }
    this.certified ||= behind.certified;
    this.#recent = behind.#recent;
    this.epoch = behind.epoch;
    this.lost = Math.max(this.lost, behind.lost);
    this.#last = behind.#last;
    this.#lastTime = behind.#lastTime;
    this.#nextKey = behind.#nextKey;
    this.#usedKey = behind.#usedKey;
  }

  /** Begins with those of another one. */
  take(other: RunSeals): void {
    this.epoch = other.epoch;
    this.sealedTo = other.sealedTo;
    this.sealedAt = other.sealedAt;
    this.lost = other.lost;
    this.rooted = other.rooted;
    this.certified = other.certified;
    this.#vouched = other.#vouched;
    this.#recent = other.#recent;
    this.#last = other.#last;
    this.#lastTime = other.#lastTime;
    this.#waiting = other.#waiting;
    this.#nextKey = other.#nextKey;
    this.#usedKey = other.#usedKey;
  }

  /** Goes on with a run that begins with records that this one has as well, up to a number. */
  resume(behind: RunSeals, number: number, findings: FindingList): void {
    if (behind.#last <= number) return;
    const waiting = behind.#waiting;
    if (waiting === undefined || waiting.checkpoint.number > number) {
      this.append(behind, findings);
      return;
    }
    // The first checkpoint is one of those that were verified here, and has led to the others.
    const { rooted } = this;
    this.skip(behind);
    this.rooted = rooted;
    this.sealedTo = behind.#last;
    this.sealedAt = behind.#lastTime;
  }

  /** Goes on with a run whose keys nobody knows. */
  skip(behind: RunSeals): void {
    const { sealedTo, lost } = this;
    this.take(behind);
    this.sealedTo = behind.rooted ? behind.sealedTo : sealedTo;
    this.lost = Math.max(lost, behind.lost);
  }

  /** Whether the key of the first checkpoint of the run behind is known, or its epoch is one that was used up. */
  isFollowedBy(behind: RunSeals): boolean {
    const waiting = behind.#waiting;
    if (waiting === undefined || behind.certified) return true;
    return waiting.checkpoint.epoch <= this.epoch + 1;
  }

  #verify(checkpoint: Checkpoint, place: SealPlace, findings: FindingList): boolean {
    const { number, epoch, message, signature } = checkpoint;
    const { stream, file, line } = place;
    const facts = { file, line };
    const key = this.#nextKey === undefined ? undefined : readKey(this.#nextKey);
    if (key === undefined) {
      const text = `checkpoint ${number} follows on the last one of the stream, which names no further key`;
      findings.blame("records_after_end", stream, number, { ...facts, message: text });
      return false;
    }
    if (isSignedBy(key, message, signature)) {
      if (epoch === this.epoch + 1) {
        this.sealedTo = number;
        this.sealedAt = checkpoint.time;
        this.#recent.push({ epoch, publicKey: this.#nextKey as string });
        if (this.#recent.length > MAX_RECENT) this.#recent.shift();
        return true;
      }
      const text = `checkpoint ${number} is of epoch ${epoch}, and the one in front of it of epoch ${this.epoch}: there is one for each`;
      findings.blame("epoch_order", stream, number, { ...facts, message: text });
      return false;
    }
    if (epoch !== this.epoch + 1) {
      const text =
        epoch <= this.epoch
          ? `checkpoint ${number} repeats epoch ${epoch}, whose key is used up: somebody cut the stream and went on`
          : `checkpoint ${number} is of epoch ${epoch}, and the one in front of it of epoch ${this.epoch}: a checkpoint was taken out`;
      findings.blame("epoch_order", stream, number, { ...facts, message: text });
      return false;
    }
    const other = [this.#usedKey, checkpoint.nextKey].some((text) => {
      const candidate = text === undefined ? undefined : readKey(text);
      return candidate !== undefined && isSignedBy(candidate, message, signature);
    });
    if (other) {
      const text = `checkpoint ${number} is signed with the key of another epoch than ${epoch}: records were sealed again`;
      findings.blame("wrong_epoch_key", stream, number, { ...facts, message: text });
    } else {
      const from = this.#last + 1;
      const text = `the signature of checkpoint ${number} does not fit: records ${from} to ${number} are not those that were signed`;
      findings.blame("bad_signature", stream, number, { ...facts, message: text });
    }
    return false;
  }

  #take({ number, epoch, nextKey, lost, time }: Checkpoint): void {
    this.#usedKey = this.#nextKey;
    this.#nextKey = nextKey;
    this.#last = number;
    this.#lastTime = time;
    this.epoch = epoch;
    this.lost = Math.max(this.lost, lost);
  }
}

function sayOtherKey({ epoch, place }: VouchedKey, findings: FindingList): void {
  const { number, stream, ...facts } = place;
  const message = `record ${number} certifies another key for epoch ${epoch} than the one that signed: it was sealed twice`;
  findings.blame("wrong_epoch_key", stream, number, { ...facts, message });
}
