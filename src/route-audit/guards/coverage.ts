import type { Request } from "express";
import type { AppMap } from "../discovery/app-map.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import {
  coveringPatterns,
  type EffectiveGuard,
  effectiveGuards,
  effectOn,
  imaginedRequest,
  isProtection,
} from "./effective-guard.js";
import { ImaginedRequest, type PassedGuard } from "./passed-guards.js";

/** What became of one imagined request on its way to an endpoint. */
export interface Passage {
  readonly method: string;
  readonly running: ReadonlySet<EffectiveGuard>;
  /** Patterns that let it past a protection. */
  readonly openedBy: readonly string[];
  /** Whether a route in front of the endpoint has a handler for it, which probably answers. */
  readonly isTaken: boolean;
}

/** Follows imagined requests, and remembers which patterns of presets covered any of them. */
export class Coverage {
  readonly #map: AppMap;
  readonly #guards = new WeakMap<object, readonly EffectiveGuard[]>();
  readonly #used = new WeakMap<EffectiveGuard, Set<string>>();

  constructor(map: AppMap) {
    this.#map = map;
  }

  /** @returns `undefined` when a request for this path does not come to the endpoint. */
  follow(endpoint: Endpoint, method: string, url: string): Passage | undefined {
    const imagined = new ImaginedRequest(this.#map, method);
    if (!imagined.goTo(endpoint, url)) return undefined;
    const running = new Set<EffectiveGuard>();
    const openedBy: string[] = [];
    for (const passed of imagined.passed) {
      const req = imaginedRequest(method, url, passed.baseUrl, passed.path);
      for (const guard of this.guardsOf(passed)) {
        const effect = effectOn(guard, req);
        if (effect === "runs") running.add(guard);
        else if (effect !== "elsewhere" && isProtection(guard.description)) {
          openedBy.push(effect.openedBy);
        }
        this.#remember(guard, req);
      }
    }
    return { method, running, openedBy, isTaken: imagined.isTaken };
  }

  /** The guards that run for all paths of the endpoint, as far as its own path does not matter. */
  everywhere(endpoint: Endpoint, method: string): readonly EffectiveGuard[] {
    const imagined = new ImaginedRequest(this.#map, method);
    if (!imagined.goTo(endpoint, undefined)) return [];
    return imagined.passed.flatMap((passed) => this.guardsOf(passed));
  }

  /** Of one handler always the same objects. */
  guardsOf({ handle, mark }: Pick<PassedGuard, "handle" | "mark">): readonly EffectiveGuard[] {
    const known = this.#guards.get(handle);
    if (known !== undefined) return known;
    const guards = effectiveGuards(mark);
    this.#guards.set(handle, guards);
    return guards;
  }

  /** Whether a request that was followed was covered by the pattern. */
  hasCovered(guard: EffectiveGuard, pattern: string): boolean {
    return this.#used.get(guard)?.has(pattern) === true;
  }

  #remember(guard: EffectiveGuard, req: Request): void {
    if (guard.at.length === 0) return;
    const used = this.#used.get(guard) ?? new Set();
    for (const pattern of coveringPatterns(guard, req)) used.add(pattern);
    this.#used.set(guard, used);
  }
}
