import type { Request } from "express";
import { PatternIndex } from "../../core/app/pattern-index.js";
import { opens, type PathPattern, restricts } from "../../core/http/path-pattern.js";
import type { Effect, EffectiveGuard } from "./effective-guard.js";

/** What one guard does with a request that it is handed. */
export interface GuardEffect {
  readonly guard: EffectiveGuard;
  readonly effect: Exclude<Effect, "elsewhere">;
}

/** A guard, with its patterns in sets: a preset may have thousands of them, and a request is covered by few. */
interface Placed {
  readonly guard: EffectiveGuard;
  readonly order: number;
  readonly at: readonly ReadonlySet<PathPattern>[];
  readonly except: ReadonlyMap<PathPattern, number>;
  readonly elsewhere: ReadonlySet<PathPattern>;
}

/** Finds, of the guards that one handler stands for, those that matter to a request, without asking all of them. */
export class GuardIndex {
  readonly guards: readonly EffectiveGuard[];
  readonly #patterns: PatternIndex<{ readonly pattern: PathPattern; readonly order: number }>;
  /** Those that have the pattern among their `at`. */
  readonly #byPattern = new Map<PathPattern, Placed[]>();
  /** Those without such patterns. */
  readonly #always: Placed[] = [];

  constructor(guards: readonly EffectiveGuard[]) {
    this.guards = guards;
    for (const [order, guard] of guards.entries()) this.#add(place(guard, order));
    const patterns = guards.flatMap(({ at, except, elsewhere }) => [
      ...at.flat(),
      ...except,
      ...elsewhere,
    ]);
    const each = [...new Set(patterns)];
    this.#patterns = new PatternIndex(each.map((pattern, order) => ({ pattern, order })));
  }

  /** The guards that run for the request, and those that a pattern keeps from it, the outermost first. */
  effectsOn(req: Request): readonly GuardEffect[] {
    const covering = this.#covering(req);
    return this.#concerned(covering).flatMap((placed) => {
      const effect = effectOf(placed, covering, req);
      return effect === "elsewhere" ? [] : [{ guard: placed.guard, effect }];
    });
  }

  /** The guards that have patterns in `at` which cover the request, with each of these. */
  *covered(req: Request): Iterable<readonly [EffectiveGuard, PathPattern]> {
    for (const pattern of this.#covering(req)) {
      for (const { guard } of this.#byPattern.get(pattern) ?? []) yield [guard, pattern];
    }
  }

  #add(placed: Placed): void {
    if (placed.at.length === 0) this.#always.push(placed);
    for (const pattern of new Set(placed.guard.at.flat())) {
      const known = this.#byPattern.get(pattern);
      if (known === undefined) this.#byPattern.set(pattern, [placed]);
      else known.push(placed);
    }
  }

  #covering(req: Request): readonly PathPattern[] {
    const found = this.#patterns.find(req) ?? [];
    return found.map(({ pattern }) => pattern).filter((pattern) => restricts(pattern, req));
  }

  #concerned(covering: readonly PathPattern[]): readonly Placed[] {
    const placed = covering.flatMap((pattern) => this.#byPattern.get(pattern) ?? []);
    if (placed.length === 0) return this.#always;
    const each = new Set([...this.#always, ...placed]);
    return [...each].sort((one, other) => one.order - other.order);
  }
}

function place(guard: EffectiveGuard, order: number): Placed {
  const { at, except, elsewhere } = guard;
  const first = new Map<PathPattern, number>();
  for (const [index, pattern] of except.entries()) {
    if (!first.has(pattern)) first.set(pattern, index);
  }
  return {
    guard,
    order,
    at: at.map((patterns) => new Set(patterns)),
    except: first,
    elsewhere: new Set(elsewhere),
  };
}

/** @param covering - All patterns that cover the request: what opens it covers it as well. */
function effectOf(
  { guard, at, except, elsewhere }: Placed,
  covering: readonly PathPattern[],
  req: Request,
): Effect {
  const isThere = at.every((patterns) => covering.some((pattern) => patterns.has(pattern)));
  if (guard.unclear || !isThere) return "elsewhere";
  const [opening] = covering
    .filter((pattern) => except.has(pattern) && opens(pattern, req))
    .sort((one, other) => (except.get(one) ?? 0) - (except.get(other) ?? 0));
  if (opening !== undefined) return { openedBy: opening.text };
  return covering.some((pattern) => elsewhere.has(pattern)) ? "elsewhere" : "runs";
}
