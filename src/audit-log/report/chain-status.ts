/** What the verifier of the hash chain says about the same files. */
export interface ChainStatus {
  /** `unchained`: the records have no hash chain. `unsigned`: it holds together, but nobody's signature was checked. */
  readonly integrity: "intact" | "tampered" | "unsigned" | "unchained";
  /** `open`: nothing is missing but the end, which a log has only when it was closed. */
  readonly completeness: "complete" | "open" | "incomplete";
  readonly streams: number;
  /** Those about changes first. */
  readonly findings: readonly ChainFinding[];
  /** How many findings there are besides. */
  readonly moreFindings: number;
}

/** One thing that the verifier found. */
export interface ChainFinding {
  readonly verdict: "tampered" | "incomplete" | "note";
  readonly kind: string;
  /** The file and the line; empty when it is about none. */
  readonly place: string;
  /** Empty when it is about none. */
  readonly stream: string;
  readonly message: string;
}
