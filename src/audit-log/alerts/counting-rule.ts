import type { Finding } from "./alert-teller.js";
import { type AlertTraits, keyOf, thingOf } from "./alert-traits.js";
import { type Due, WindowCounter } from "./counting/window-counter.js";
import type { AlertKeyKind } from "./rules/alert.js";
import type { CountingSettings } from "./rules/alert-settings.js";

/** What the app gives may be a header value. */
const MAX_KEY_LENGTH = 256;

/** Tells of a finding. @returns Until when it tells nothing of the rule, if it has not told. */
type Tell = (finding: Finding) => number | undefined;

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
   * Counts what has met the rule, and tells what is due.
   *
   * @param tell - Returns until when it tells nothing of the rule, if it has not told.
   * @param own - The key that the function of the app has given, where there is one.
   */
  count(traits: AlertTraits, now: number, tell: Tell, own?: string): void {
    const { things, each, byRoute } = this.settings;
    const thing = things === undefined ? undefined : thingOf(traits, things);
    if (things !== undefined && thing === undefined) return;
    const { requestId, route } = traits;
    for (const [kind, counter] of this.#counters) {
      const key = kind === "own" ? own?.slice(0, MAX_KEY_LENGTH) : keyOf(traits, kind);
      if (key === undefined) continue;
      const due = counter.count(byRoute ? `${key}\n${route ?? ""}` : key, now, requestId, thing);
      if (due !== undefined) {
        const silentUntil = tell(this.#findingOf(due, kind, key, traits));
        if (silentUntil !== undefined) due.quietUntil(silentUntil);
      }
      if (!each) return;
    }
  }

  #findingOf(due: Due, kind: AlertKeyKind, key: string, traits: AlertTraits): Finding {
    const { spread, threshold } = this.settings;
    const { count, distinct, first, notes } = due;
    const { event, route, isService } = traits;
    return {
      kind,
      key,
      count: spread === threshold ? distinct : count,
      first,
      notes,
      event,
      route,
      isService,
    };
  }
}
