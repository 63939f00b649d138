import { hasMember, isObject, type Params } from "../keywords/assertions.js";
import { charactersWork } from "../keywords/size.js";
import { Evaluation } from "./evaluation.js";
import type { Alternatives, Plan, Program } from "./program.js";
import { Seen } from "./seen.js";
import { type Work, WorkExceeded } from "./work.js";

/** One keyword that a value does not fit. */
export interface Failure {
  readonly keyword: string;
  /** Member names and indexes from the root. */
  readonly path: readonly string[];
  readonly params: Params;
}

/**
 * Finds what is wrong with a value that does not fit, up to `limit` failures: then it looks at nothing more.
 *
 * Of alternatives it says only that none fits, and what is wrong in the one that the value can be meant for: by its
 * type, or by a member of which the alternatives allow different constants.
 */
export function collectFailures(
  program: Program,
  value: unknown,
  limit: number,
  work: Work,
  strips: boolean,
): readonly Failure[] {
  const collector = new Collector(
    new Evaluation(program, work, strips, true),
    program,
    limit,
    work,
    strips,
  );
  try {
    collector.collect(program.root, value, false);
  } catch (error) {
    // What was found until then is worth telling.
    if (!(error instanceof WorkExceeded)) throw error;
  }
  return collector.failures;
}

class Collector {
  readonly failures: Failure[] = [];
  readonly #evaluation: Evaluation;
  readonly #tracks: boolean;
  readonly #limit: number;
  readonly #work: Work;
  readonly #strips: boolean;
  readonly #path: string[] = [];
  readonly #visited = new Map<Plan, WeakSet<object>>();

  constructor(
    evaluation: Evaluation,
    program: Program,
    limit: number,
    work: Work,
    strips: boolean,
  ) {
    this.#evaluation = evaluation;
    this.#tracks = program.tracks;
    this.#limit = limit;
    this.#work = work;
    this.#strips = strips;
  }

  /** @returns Whether the value fits, as far as it was looked at. */
  collect(plan: Plan, value: unknown, alternative: boolean): boolean {
    if (this.#isFull()) return false;
    // Told once, however many ways lead here.
    if (plan.shared && typeof value === "object" && value !== null) {
      const visited = this.#visited.get(plan) ?? new WeakSet();
      if (visited.has(value)) return this.#evaluation.check(plan, value, alternative) !== undefined;
      this.#visited.set(plan, visited.add(value));
    }
    this.#work.spend(plan.work === undefined ? 1 : 1 + plan.work(value));
    if (plan.never) return this.#fail("false schema", {});
    const before = this.failures.length;
    for (const { keyword, fault, faults } of plan.assertions) {
      const first = fault(value);
      if (first === undefined) continue;
      for (const params of faults?.(value) ?? [first]) this.#fail(keyword, params);
      if (keyword === "type" || this.#isFull()) return false;
    }
    const seen = new Seen(this.#tracks ? this.#work : undefined);
    this.#collectInPlace(plan, value, alternative, seen);
    if (Array.isArray(value)) this.#collectItems(plan, value, alternative, seen, before);
    else if (isObject(value)) this.#collectMembers(plan, value, alternative, seen, before);
    return this.failures.length === before;
  }

  #collectInPlace(plan: Plan, value: unknown, alternative: boolean, seen: Seen): void {
    const { condition } = plan;
    const parts = [...plan.all];
    for (const [name, part] of plan.dependent) {
      if (isObject(value) && hasMember(value, name)) parts.push(part);
    }
    if (condition !== undefined) {
      const holds = seen.add(this.#evaluation.check(condition.if, value, true));
      const next = holds ? condition.next : condition.otherwise;
      if (next !== undefined) parts.push(next);
    }
    for (const part of parts) {
      if (!seen.add(this.#evaluation.check(part, value, alternative))) {
        this.collect(part, value, alternative);
      }
    }
    if (plan.anyOf !== undefined) this.#collectAlternatives("anyOf", plan.anyOf, value, seen);
    if (plan.oneOf !== undefined) this.#collectAlternatives("oneOf", plan.oneOf, value, seen);
    if (plan.not !== undefined && this.#evaluation.check(plan.not, value, true) !== undefined) {
      this.#fail("not", {});
    }
  }

  #collectAlternatives(
    keyword: "anyOf" | "oneOf",
    alternatives: Alternatives,
    value: unknown,
    seen: Seen,
  ): void {
    const { plans, named } = alternatives.candidates(value);
    let count = 0;
    for (const part of plans) {
      if (seen.add(this.#evaluation.check(part, value, true))) count += 1;
    }
    if (keyword === "anyOf" ? count > 0 : count === 1) return;
    this.#fail(keyword, {});
    if (count > 0) return;
    const possible = plans.filter((part) => this.#canBeMeant(part, value, 3));
    // A constant of another member can be wrong in the one that is meant.
    const [meant, another] = possible.length === 0 ? named : possible;
    if (meant !== undefined && another === undefined) this.collect(meant, value, true);
  }

  /** Whether type and constants of a schema leave it possible that the value was meant for it. */
  #canBeMeant(plan: Plan, value: unknown, hops: number): boolean {
    this.#work.spend(1 + plan.properties.size);
    const constants = ["type", "const", "enum"];
    const misses = (part: Plan, member: unknown, keywords: readonly string[]): boolean =>
      part.assertions.some((a) => keywords.includes(a.keyword) && a.fault(member) !== undefined);
    if (plan.never || misses(plan, value, constants)) return false;
    if (isObject(value)) {
      for (const [name, part] of plan.properties) {
        if (misses(part, value[name], ["const", "enum"])) return false;
      }
    }
    return hops === 0 || plan.all.every((part) => this.#canBeMeant(part, value, hops - 1));
  }

  #collectItems(
    plan: Plan,
    list: readonly unknown[],
    alternative: boolean,
    seen: Seen,
    before: number,
  ): void {
    const { prefix, items, contains, unevaluatedItems } = plan;
    for (let index = 0; index < list.length && !this.#isFull(); index += 1) {
      const part = prefix[index] ?? items;
      if (part === undefined) break;
      if (part.never && prefix[index] === undefined) {
        this.#fail("items", { limit: prefix.length });
        break;
      }
      this.#collectAt(String(index), part, list[index], alternative);
    }
    seen.addItems(items === undefined ? prefix.length : Number.POSITIVE_INFINITY);
    if (contains !== undefined && !this.#isFull()) {
      let count = 0;
      for (const [index, item] of list.entries()) {
        if (this.#evaluation.check(contains.plan, item, true) === undefined) continue;
        count += 1;
        seen.addItem(index);
      }
      const { min, max } = contains;
      if (count < min || count > max) this.#fail("contains", { minContains: min });
    }
    // What failed has left its items unevaluated: they only look unknown.
    if (unevaluatedItems === undefined || this.failures.length > before) return;
    for (let index = seen.items; index < list.length && !this.#isFull(); index += 1) {
      if (seen.hasItem(index)) continue;
      if (unevaluatedItems.never) {
        this.#fail("unevaluatedItems", { limit: index });
        return;
      }
      this.#collectAt(String(index), unevaluatedItems, list[index], alternative);
    }
  }

  #collectMembers(
    plan: Plan,
    object: Readonly<Record<string, unknown>>,
    alternative: boolean,
    seen: Seen,
    before: number,
  ): void {
    const { properties, patterns, additional, names, unevaluatedProperties } = plan;
    const known = Object.keys(object);
    const unknown = this.#strips && !alternative ? undefined : this.#fail.bind(this);
    if (patterns.length > 0 || additional !== undefined || names !== undefined) {
      for (const name of known) {
        if (this.#isFull()) return;
        this.#work.spend(1 + patterns.length * (1 + charactersWork(name.length)));
        if (names !== undefined && this.#evaluation.check(names, name, true) === undefined) {
          unknown?.("propertyNames", { propertyName: name });
          continue;
        }
        const parts = patterns.filter(([test]) => test(name)).map(([, part]) => part);
        if (parts.length > 0) seen.addName(name);
        if (parts.length === 0 && additional !== undefined && !properties.has(name)) {
          if (additional.never) unknown?.("additionalProperties", { additionalProperty: name });
          else parts.push(additional);
        }
        for (const part of parts) this.#collectAt(name, part, object[name], alternative);
      }
      if (additional !== undefined) seen.addAllNames();
    }
    for (const [name, part] of properties) {
      if (this.#isFull()) return;
      this.#work.spend(1);
      if (!hasMember(object, name)) continue;
      this.#collectAt(name, part, object[name], alternative);
      seen.addName(name);
    }
    // What failed has left its members unevaluated: they only look unknown.
    if (unevaluatedProperties === undefined || this.failures.length > before) return;
    for (const name of known) {
      if (this.#isFull()) return;
      this.#work.spend(1);
      if (seen.hasName(name)) continue;
      if (unevaluatedProperties.never) {
        unknown?.("unevaluatedProperties", { unevaluatedProperty: name });
      } else this.#collectAt(name, unevaluatedProperties, object[name], alternative);
    }
  }

  #collectAt(name: string, plan: Plan, value: unknown, alternative: boolean): void {
    this.#path.push(name);
    this.collect(plan, value, alternative);
    this.#path.pop();
  }

  #fail(keyword: string, params: Params): false {
    if (!this.#isFull()) this.failures.push({ keyword, path: [...this.#path], params });
    return false;
  }

  #isFull(): boolean {
    return this.failures.length >= this.#limit;
  }
}
