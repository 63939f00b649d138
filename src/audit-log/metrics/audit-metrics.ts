/** Where an audit log publishes its numbers: what `prometheusMetrics` and `openTelemetryMetrics` return. For one log. */
export interface AuditMetrics {
  readonly kind: "prometheus" | "openTelemetry";
}

/** The value of one series of an instrument. */
export interface Measurement {
  readonly value: number;
  readonly attributes: Attributes;
}

/** Few and bounded: attributes name what the app and the library consist of, never what a client sent. Frozen. */
export type Attributes = Readonly<Record<string, string | number>>;
