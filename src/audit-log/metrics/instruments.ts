/** One instrument, by its OpenTelemetry name. */
export interface Instrument {
  readonly name: string;
  /** As UCUM writes it: `{record}` for what is only counted. */
  readonly unit: string;
  readonly description: string;
  /** The names of its attributes. */
  readonly attributes: readonly string[];
}

/** Seconds from the arrival of a request at `auditLog` to the end of its answer. */
export const REQUEST_DURATION: Instrument = {
  name: "http.server.request.duration",
  unit: "s",
  description: "Duration of HTTP server requests.",
  attributes: [
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "url.scheme",
    "network.protocol.version",
    "error.type",
  ],
};

/** What every semantic convention of OpenTelemetry advises for this histogram, in seconds. */
export const DURATION_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

export const DECISIONS: Instrument = {
  name: "secureapi.decisions",
  unit: "{decision}",
  description: "Decisions of guards about requests.",
  attributes: ["guard", "outcome", "code"],
};

export const ALERTS: Instrument = {
  name: "secureapi.alerts",
  unit: "{alert}",
  description: "Alerts of the process, by rule.",
  attributes: ["rule"],
};

export const RECORDS: Instrument = {
  name: "secureapi.audit.records",
  unit: "{record}",
  description: "Records of the audit log, whether or not every sink took them.",
  attributes: [],
};

const SINK = ["sink", "position"];

export const DROPPED: Instrument = {
  name: "secureapi.audit.dropped",
  unit: "{record}",
  description: "Records that a sink of the audit log lost, or that could not be made.",
  attributes: SINK,
};

export const SINK_ERRORS: Instrument = {
  name: "secureapi.audit.sink.errors",
  unit: "{error}",
  description: "Failures of a sink of the audit log.",
  attributes: SINK,
};

export const SINK_PENDING: Instrument = {
  name: "secureapi.audit.sink.pending",
  unit: "{record}",
  description: "Records that a sink of the audit log holds and has not written yet.",
  attributes: SINK,
};

/** What only grows, and is read when somebody collects. */
export const COUNTERS: readonly Instrument[] = [DECISIONS, ALERTS, RECORDS, DROPPED, SINK_ERRORS];
