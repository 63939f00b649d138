import type { Request } from "express";
import type { AppMap } from "../discovery/app-map.js";
import type { Endpoint } from "../discovery/find-endpoints.js";
import {
  type EffectiveGuard,
  effectiveGuards,
  imaginedRequest,
  isProtection,
} from "../guards/effective-guard.js";
import { GuardIndex } from "../guards/guard-index.js";
import { IndexedApp } from "../indexes/indexed-app.js";
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
  readonly #app: IndexedApp;
  readonly #guards = new WeakMap<object, GuardIndex>();
  readonly #used = new WeakMap<EffectiveGuard, Set<string>>();

  constructor(map: AppMap) {
    this.#app = new IndexedApp(map);
  }

  /** @returns `undefined` when a request for this path does not come to the endpoint. */
  follow(endpoint: Endpoint, method: string, url: string): Passage | undefined {
    const imagined = new ImaginedRequest(this.#app, method);
    if (!imagined.goTo(endpoint, url)) return undefined;
    const running = new Set<EffectiveGuard>();
    const openedBy: string[] = [];
    for (const passed of imagined.passed) {
      const req = imaginedRequest(method, url, passed.baseUrl, passed.path);
      const guards = this.#indexOf(passed);
      for (const { guard, effect } of guards.effectsOn(req)) {
        if (effect === "runs") running.add(guard);
        else if (isProtection(guard.description)) openedBy.push(effect.openedBy);
      }
      this.#remember(guards, req);
    }
    return { method, running, openedBy, isTaken: imagined.isTaken };
  }

  /** Whether a request for the path comes to the endpoint. */
  leadsTo(endpoint: Endpoint, url: string): boolean {
    return ImaginedRequest.leadsTo(endpoint, this.#app, url);
  }

  /** The guards that run for all paths of the endpoint, as far as its own path does not matter. */
  everywhere(endpoint: Endpoint, method: string): readonly EffectiveGuard[] {
    const imagined = new ImaginedRequest(this.#app, method);
    if (!imagined.goTo(endpoint, undefined)) return [];
    return imagined.passed.flatMap((passed) => this.guardsOf(passed));
  }

  /** Of one handler always the same objects. */
  guardsOf(passed: Pick<PassedGuard, "handle" | "mark">): readonly EffectiveGuard[] {
    return this.#indexOf(passed).guards;
  }

  /** Whether a request that was followed was covered by the pattern. */
  hasCovered(guard: EffectiveGuard, pattern: string): boolean {
    return this.#used.get(guard)?.has(pattern) === true;
  }

  #indexOf({ handle, mark }: Pick<PassedGuard, "handle" | "mark">): GuardIndex {
    let index = this.#guards.get(handle);
    if (index === undefined) {
      index = new GuardIndex(effectiveGuards(mark));
      this.#guards.set(handle, index);
    }
    return index;
  }

  #remember(guards: GuardIndex, req: Request): void {
    for (const [guard, { text }] of guards.covered(req)) {
      const used = this.#used.get(guard);
      if (used === undefined) this.#used.set(guard, new Set([text]));
      else used.add(text);
    }
  }
}
