/** What the verifier of the hash chain says about the same files. */
export interface ChainStatus {
  /** `unchained`: the records have no hash chain. `unsigned`: it holds together, but nobody's signature was checked. */
  readonly integrity: "intact" | "tampered" | "unsigned" | "unchained";
  readonly completeness: "complete" | "incomplete";
  readonly streams: number;
  readonly findings: readonly ChainFinding[];
  /** How many findings there are besides. */
  readonly moreFindings: number;
}

/** One thing that the verifier found. */
export interface ChainFinding {
  readonly level: "failure" | "warning" | "note";
  /** Its kind, in one word. */
  readonly kind: string;
  /** The file and the line. */
  readonly place: string;
  readonly text: string;
}
