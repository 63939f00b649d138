import type { Decision } from "../../core/decision/decision.js";
import { safeChannel } from "../../core/decision/safe-channel.js";
import { ALERT_CHANNEL } from "../alerts/rules/alert.js";
import type { SinkStats } from "../delivery/audit-writer.js";
import type { SinkFailures } from "../delivery/failure-report.js";
import type { RequestFacts } from "../facts/request-facts.js";
import type { Attributes, AuditMetrics, Measurement } from "./audit-metrics.js";
import {
  ALERTS,
  DECISIONS,
  DROPPED,
  type Instrument,
  RECORDS,
  SINK_ERRORS,
  SINK_PENDING,
} from "./instruments.js";
import { LabelCounts } from "./label-counts.js";
import { type RecordSeconds, RequestDurations } from "./request-durations.js";

/** What an audit log says about itself when somebody collects. */
export interface MetricsSource {
  stats(): SinkStats;
  /** By position; under -1 those of records that could not be made. */
  failures(): ReadonlyMap<number, SinkFailures>;
}

const MAX_DECISIONS = 1000;
const MAX_RULES = 200;
/** Where records are counted that could not be made. */
const UNMADE = { sink: "record", position: -1 };
const WARNING = "EXPRESS_SECURE_API_METRICS_FAILED";
/** Also of another copy of this library in the process. */
const BRAND = Symbol.for("express-secure-api.audit-metrics/1");

/** Keeps the numbers of one audit log. Counters are read when somebody collects; only durations are told at once. */
export class LogMetrics implements AuditMetrics {
  readonly kind: AuditMetrics["kind"];
  readonly [BRAND] = true;
  readonly #bind: () => ((attributes: Attributes) => RecordSeconds) | undefined;
  readonly #decisions = new LabelCounts(decisionAttributes, MAX_DECISIONS);
  readonly #alerts = new LabelCounts((rule) => ({ rule }), MAX_RULES);
  #source: MetricsSource | undefined;
  #durations: RequestDurations | undefined;
  #hasFailed = false;
  #isClosed = false;

  /**
   * @param bind - Asked when a log takes it into use: makes what records durations, or `undefined` where nobody wants them.
   */
  constructor(
    kind: AuditMetrics["kind"],
    bind: () => ((attributes: Attributes) => RecordSeconds) | undefined,
  ) {
    this.kind = kind;
    this.#bind = bind;
  }

  /** Whether a log has it. */
  get isTaken(): boolean {
    return this.#source !== undefined;
  }

  /** Whether its log was closed: its last numbers stay until another one takes its place. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Publishes the numbers of a log from now on, and the alerts of the process.
   *
   * @returns What ends the second.
   */
  attach(source: MetricsSource): () => void {
    this.#source = source;
    const bind = this.#bind();
    this.#durations = bind === undefined ? undefined : new RequestDurations(bind);
    const alerts = safeChannel(ALERT_CHANNEL);
    const onAlert = (alert: unknown): void => this.#countAlert(alert);
    alerts.subscribe(onAlert);
    return () => {
      this.#isClosed = true;
      alerts.unsubscribe(onAlert);
    };
  }

  /** Counts a request that has ended. Never throws. */
  observe(facts: RequestFacts): void {
    try {
      for (const decision of facts.decisions) this.#decisions.add(decision.guard, whatOf(decision));
      this.#durations?.observe(facts);
    } catch {
      // An instrument of the app's own making.
      this.#warn();
    }
  }

  /** The values of an instrument, but for the durations. */
  read({ name }: Instrument): readonly Measurement[] {
    const stats = this.#source?.stats();
    if (stats === undefined) return [];
    switch (name) {
      case DECISIONS.name:
        return this.#decisions.read();
      case ALERTS.name:
        return this.#alerts.read();
      case RECORDS.name:
        return [{ value: stats.records, attributes: {} }];
      case DROPPED.name:
        return [
          ...stats.sinks.map(({ lost, ...sink }) => ofSink(sink, lost)),
          ofSink(
            UNMADE,
            stats.sinks.reduce((left, { lost }) => left - lost, stats.lost),
          ),
        ];
      case SINK_ERRORS.name:
        return stats.sinks.map((sink) =>
          ofSink(sink, this.#source?.failures().get(sink.position)?.errors ?? 0),
        );
      case SINK_PENDING.name:
        return stats.sinks.map(({ pending, ...sink }) => ofSink(sink, pending));
      default:
        return [];
    }
  }

  #countAlert(alert: unknown): void {
    const { rule } = Object(alert) as { readonly rule?: unknown };
    if (typeof rule === "string") this.#alerts.add(rule, "");
  }

  #warn(): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    process.emitWarning("auditLog.metrics: an instrument failed. Its numbers are not right.", {
      code: WARNING,
    });
  }
}

/** Whether the value is a {@link LogMetrics}, of whatever copy of this library. */
export function isLogMetrics(value: unknown): value is LogMetrics {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** As records write it: what report mode let through is no refusal. */
function whatOf({ outcome, enforced, code }: Decision): string {
  if (outcome === "allow") return code === "ok" ? "allow ok" : `allow ${code}`;
  return `${enforced ? outcome : "report"} ${code}`;
}

function ofSink(
  { sink, position }: { readonly sink: string; readonly position: number },
  value: number,
): Measurement {
  return { value, attributes: { sink, position: String(position) } };
}

function decisionAttributes(guard: string, what: string): Attributes {
  const [outcome = what, code = what] = what.split(" ");
  return { guard, outcome, code };
}
