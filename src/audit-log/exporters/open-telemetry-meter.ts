/** What is used of `@opentelemetry/api`. */
export interface OpenTelemetryApi {
  readonly metrics: {
    getMeter(name: string): OpenTelemetryMeter;
  };
}

/** What is used of a meter of OpenTelemetry. */
export interface OpenTelemetryMeter {
  createHistogram(name: string, options?: object): OpenTelemetryHistogram;
  createObservableCounter(name: string, options?: object): OpenTelemetryObservable;
  createObservableGauge(name: string, options?: object): OpenTelemetryObservable;
}

/** What is used of a histogram of OpenTelemetry. */
interface OpenTelemetryHistogram {
  record(value: number, attributes?: Record<string, string | number>): void;
}

/** What is used of an instrument of OpenTelemetry that is read when somebody collects. */
export interface OpenTelemetryObservable {
  addCallback(
    callback: (result: {
      observe(value: number, attributes?: Record<string, string | number>): void;
    }) => void,
  ): void;
}
