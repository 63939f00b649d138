/** What a finding is about: that something was changed, that something is not there, or nothing bad. */
export type FindingVerdict = "tampered" | "incomplete" | "note";

/** Something that the verification of a log found. */
export interface Finding {
  readonly kind: FindingKind;
  readonly verdict: FindingVerdict;
  /** What it means, in a sentence. It may hold text of the log. */
  readonly message: string;
  readonly stream?: string;
  /** Numbers of the records that it is about. */
  readonly first?: number;
  readonly last?: number;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
}

export type FindingKind = keyof typeof FINDING_KINDS;

/** Every kind of finding, with its verdict. */
export const FINDING_KINDS = {
  changed_record: "tampered",
  irregular_record: "tampered",
  misplaced_record: "tampered",
  unchained_record: "tampered",
  conflicting_records: "tampered",
  duplicate_records: "tampered",
  swapped_records: "tampered",
  unreadable_line: "tampered",
  records_after_end: "tampered",
  bad_checkpoint: "tampered",
  bad_signature: "tampered",
  wrong_epoch_key: "tampered",
  epoch_order: "tampered",
  no_certificate: "tampered",
  wrong_key: "tampered",
  anchor_mismatch: "tampered",
  previous_mismatch: "tampered",
  expired_mismatch: "tampered",
  too_many_breaks: "tampered",
  missing_records: "incomplete",
  missing_stream: "incomplete",
  unsealed_tail: "incomplete",
  not_closed: "incomplete",
  unproven_records: "incomplete",
  torn_line: "incomplete",
  unknown_schema: "incomplete",
  damaged_file: "incomplete",
  no_records: "incomplete",
  expired_records: "note",
  copied_records: "note",
  unsealed_sink_record: "note",
  not_chained: "note",
  other_lines: "note",
  empty_file: "note",
  byte_order_mark: "note",
  carriage_returns: "note",
  open_end: "note",
} as const satisfies Readonly<Record<string, FindingVerdict>>;
