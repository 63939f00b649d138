import type { RequestFacts } from "../facts/request-facts.js";
import type { AlertTeller } from "./alert-teller.js";
import {
  createUsual,
  type Deviation,
  FailureSpikes,
  LatencyDrifts,
  type Usual,
} from "./counting/route-baselines.js";
import type { AlertSettings, RuleSettings } from "./rules/alert-settings.js";

/** What is known of one route. */
interface Watched {
  readonly failures: Usual;
  readonly durations: Usual;
}

/** What requests that no route took are counted under. */
const NO_ROUTE = "(none)";
/** Routes are declared by the app; this many is no app any more. */
const MAX_ROUTES = 1000;

/**
 * Watches how each route usually fails, and how long it takes. It is asked about every request: one look-up by the name of the
 * route, two comparisons of times, three additions, and nothing is allocated unless the route is new or something is told.
 */
export class RouteWatch {
  readonly #spike: RuleSettings | undefined;
  readonly #drift: RuleSettings | undefined;
  readonly #spikes: FailureSpikes | undefined;
  readonly #drifts: LatencyDrifts | undefined;
  readonly #teller: AlertTeller;
  readonly #routes = new Map<string, Watched>();

  constructor({ spike, drift }: Pick<AlertSettings, "spike" | "drift">, teller: AlertTeller) {
    this.#spike = spike;
    this.#drift = drift;
    this.#spikes = spike && new FailureSpikes(spike);
    this.#drifts = drift && new LatencyDrifts(drift);
    this.#teller = teller;
  }

  observe({ verdict, route, entry }: RequestFacts, now: number): void {
    const key = route ?? NO_ROUTE;
    const watched = this.#routes.get(key) ?? this.#add(key, now);
    if (watched === undefined) return;
    const { status, aborted, event } = verdict;
    if (this.#spikes !== undefined && status !== undefined) {
      const found = this.#spikes.observe(watched.failures, now, status >= 500, entry.requestId);
      if (found !== undefined) this.#tell(this.#spike, found, key, event.name, route, now);
    }
    if (this.#drifts !== undefined && route !== undefined && !aborted) {
      const duration = (entry.ended?.tick ?? now) - entry.startedTick;
      const found = this.#drifts.observe(watched.durations, now, duration, entry.requestId);
      if (found !== undefined) this.#tell(this.#drift, found, key, event.name, route, now);
    }
  }

  #add(key: string, now: number): Watched | undefined {
    if (this.#routes.size >= MAX_ROUTES) return undefined;
    const watched = { failures: createUsual(now), durations: createUsual(now) };
    this.#routes.set(key, watched);
    return watched;
  }

  #tell(
    rule: RuleSettings | undefined,
    found: Deviation,
    key: string,
    event: string,
    route: string | undefined,
    now: number,
  ): void {
    if (rule !== undefined)
      this.#teller.tell(rule, { ...found, kind: "route", key, event, route }, now);
  }
}
