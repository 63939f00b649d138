/** What a browser reported about a page (Reporting API), made safe: URLs have no query, fragment or user information. Frozen. */
export interface BrowserReport {
  /** Such as `csp-violation`, `coop`, `coep`, `permissions-policy-violation`, `deprecation` or `network-error`. */
  readonly type: string;
  /** The page. */
  readonly document?: string;
  /** What was broken: the directive, the feature, the id of a deprecation, the kind of a network error. */
  readonly rule?: string;
  /** What was stopped: its URL, or a word such as `inline`, `eval` or `data`. */
  readonly blocked?: string;
  /** The file that did it. */
  readonly source?: string;
  readonly line?: number;
  readonly column?: number;
  /** `"enforce"`: it was stopped. `"report"`: a report-only policy would have. */
  readonly disposition?: "enforce" | "report";
  /** The beginning of an inline script or style, at most 40 characters. Only `onReport` gets it. */
  readonly sample?: string;
}

/** What came of the reports of one request. Frozen. */
export interface ReceivedReports {
  /** Those that were not known. */
  readonly recorded: readonly BrowserReport[];
  /** How many said what was recorded already. */
  readonly repeated: number;
  /** How many found no room: the request, or the minute, had too many. */
  readonly dropped: number;
  /** How many are about extensions of the browser, or are no reports. */
  readonly ignored: number;
}
