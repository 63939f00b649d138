import type { Finding } from "./alert-teller.js";
import { type Due, WindowCounter } from "./counting/window-counter.js";
import type { RequestTraits } from "./request-traits.js";
import type { AlertKeyKind } from "./rules/alert.js";
import type { CountingSettings } from "./rules/alert-settings.js";

/** What the app gives may be a header value. */
const MAX_KEY_LENGTH = 256;

/** A rule that counts requests, and what it has counted: by each kind of key for itself. */
export class CountingRule {
  readonly settings: CountingSettings;
  readonly #counters: readonly (readonly [AlertKeyKind, WindowCounter])[];

  /** @param keys - So many keys of each kind are told apart. */
  constructor(settings: CountingSettings, keys: number) {
    this.settings = settings;
    const kinds: readonly AlertKeyKind[] = settings.keyOf === undefined ? settings.by : ["own"];
    // What is told apart needs more room than what is counted.
    const { spread, threshold, windowMs, cooldownMs } = settings;
    this.#counters = kinds.map((kind) => [
      kind,
      new WindowCounter({ windowMs, cooldownMs, keys, threshold, spread }),
    ]);
  }

  /** Whether a request that nothing refused, and that was answered with 404, counts. */
  countsMissing(route: string | undefined): boolean {
    return this.settings.missing === "anywhere" || route !== undefined;
  }

  /**
   * Counts a request for which the rule was met, and tells what is due.
   *
   * @param own - The key that the function of the app has given, where there is one.
   */
  count(traits: RequestTraits, now: number, tell: (finding: Finding) => void, own?: string): void {
    const { things, each, byRoute } = this.settings;
    const thing = things === undefined ? undefined : traits.thingOf(things);
    if (things !== undefined && thing === undefined) return;
    const { entry, route } = traits.facts;
    for (const [kind, counter] of this.#counters) {
      const key = kind === "own" ? own?.slice(0, MAX_KEY_LENGTH) : traits.keyOf(kind);
      if (key === undefined) continue;
      const due = counter.count(
        byRoute ? `${key}\n${route ?? ""}` : key,
        now,
        entry.requestId,
        thing,
      );
      if (due !== undefined) tell(this.#findingOf(due, kind, key, traits));
      if (!each) return;
    }
  }

  #findingOf(due: Due, kind: AlertKeyKind, key: string, traits: RequestTraits): Finding {
    const { spread, threshold } = this.settings;
    return {
      kind,
      key,
      count: spread === threshold ? due.distinct : due.count,
      first: due.first,
      notes: due.notes,
      event: traits.event,
      route: traits.facts.route,
    };
  }
}
