import { hasMember, isObject } from "../keywords/assertions.js";
import { charactersWork } from "../keywords/size.js";
import { fillDefaults } from "./defaults.js";
import type { Alternatives, Plan, Program } from "./program.js";
import { type Coverage, NOTHING, Seen } from "./seen.js";
import type { Work } from "./work.js";

/** A member that no schema names. */
export type UnknownMember = readonly [object: object, name: string];

/**
 * Decides whether a value fits a schema. What a schema that a reference leads to said about a value is remembered, so
 * each pair is evaluated once, and recursive alternatives cannot multiply: the work is linear in the value.
 */
export class Evaluation {
  readonly unknown: UnknownMember[] = [];
  readonly #tracks: boolean;
  readonly #work: Work;
  readonly #strips: boolean;
  /** For somebody who asks again what the parts of a schema said. */
  readonly #remembersAll: boolean;
  /** By the number of the plan, twice: inside alternatives, members are not stripped. */
  readonly #memory: (Map<unknown, Coverage | undefined> | undefined)[] = [];

  /** @param strips - Outside of alternatives, members that no schema names go to `unknown` instead of being wrong. */
  constructor(program: Program, work: Work, strips: boolean, remembersAll = false) {
    this.#tracks = program.tracks;
    this.#work = work;
    this.#strips = strips;
    this.#remembersAll = remembersAll;
  }

  /** @param alternative - Whether the schema may fail without harm. */
  check(plan: Plan, value: unknown, alternative = false): Coverage | undefined {
    const isScalar = typeof value !== "object" || value === null;
    // A scalar without further subschemas is sooner evaluated than looked up.
    const isRemembered = this.#remembersAll ? plan.shared : plan.several && plan.shared;
    if (!isRemembered || (isScalar && plan.leaf)) return this.#evaluate(plan, value, alternative);
    const slot = plan.id * 2 + (alternative && this.#strips ? 1 : 0);
    this.#memory[slot] ??= new Map();
    const memory = this.#memory[slot];
    if (memory.has(value)) {
      this.#work.spend(1);
      return memory.get(value);
    }
    const coverage = this.#evaluate(plan, value, alternative);
    memory.set(value, coverage);
    return coverage;
  }

  #evaluate(plan: Plan, value: unknown, alternative: boolean): Coverage | undefined {
    this.#work.spend(plan.work === undefined ? 1 : 1 + plan.work(value));
    if (plan.never) return undefined;
    const defaults = Array.isArray(value) ? plan.itemDefaults : plan.memberDefaults;
    if (defaults !== undefined && typeof value === "object" && value !== null) {
      fillDefaults(defaults, value, this.#work);
    }
    for (const assertion of plan.assertions) {
      if (assertion.fault(value) !== undefined) return undefined;
    }
    if (plan.leaf && (typeof value !== "object" || value === null)) return NOTHING;
    const seen = new Seen(this.#tracks ? this.#work : undefined);
    if (!this.#fitsInPlace(plan, value, alternative, seen)) return undefined;
    if (Array.isArray(value)) {
      if (!this.#fitsItems(plan, value, alternative, seen)) return undefined;
    } else if (isObject(value) && !this.#fitsMembers(plan, value, alternative, seen)) {
      return undefined;
    }
    return seen.coverage();
  }

  #fitsInPlace(plan: Plan, value: unknown, alternative: boolean, seen: Seen): boolean {
    for (const part of plan.all) if (!seen.add(this.check(part, value, alternative))) return false;
    if (plan.anyOf !== undefined && this.#matches(plan.anyOf, value, seen, 1) === 0) return false;
    if (plan.oneOf !== undefined && this.#matches(plan.oneOf, value, seen, 2) !== 1) return false;
    if (plan.not !== undefined && this.check(plan.not, value, true) !== undefined) return false;
    const { condition } = plan;
    if (condition !== undefined) {
      const holds = seen.add(this.check(condition.if, value, true));
      const next = holds ? condition.next : condition.otherwise;
      if (next !== undefined && !seen.add(this.check(next, value, alternative))) return false;
    }
    for (const [name, part] of plan.dependent) {
      if (!isObject(value) || !hasMember(value, name)) continue;
      if (!seen.add(this.check(part, value, alternative))) return false;
    }
    return true;
  }

  /** How many alternatives fit. It stops at `enough`, unless it must know what the others look at. */
  #matches(alternatives: Alternatives, value: unknown, seen: Seen, enough: 1 | 2): number {
    let count = 0;
    for (const part of alternatives.candidates(value).plans) {
      if (!seen.add(this.check(part, value, true))) continue;
      count += 1;
      if (count >= enough && (enough === 2 || !this.#tracks)) break;
    }
    return count;
  }

  #fitsItems(plan: Plan, list: unknown[], alternative: boolean, seen: Seen): boolean {
    const { prefix, items, contains, unevaluatedItems } = plan;
    const end = items === undefined ? Math.min(prefix.length, list.length) : list.length;
    for (let index = 0; index < end; index += 1) {
      const part = prefix[index] ?? items;
      if (part !== undefined && this.check(part, list[index], alternative) === undefined)
        return false;
    }
    seen.addItems(items === undefined ? prefix.length : Number.POSITIVE_INFINITY);
    if (contains !== undefined) {
      let count = 0;
      for (const [index, item] of list.entries()) {
        if (this.check(contains.plan, item, true) === undefined) continue;
        count += 1;
        seen.addItem(index);
      }
      if (count < contains.min || count > contains.max) return false;
    }
    if (unevaluatedItems !== undefined) {
      for (let index = seen.items; index < list.length; index += 1) {
        if (seen.hasItem(index)) continue;
        if (this.check(unevaluatedItems, list[index], alternative) === undefined) return false;
      }
      seen.addItems(Number.POSITIVE_INFINITY);
    }
    return true;
  }

  #fitsMembers(
    plan: Plan,
    object: Record<string, unknown>,
    alternative: boolean,
    seen: Seen,
  ): boolean {
    const { properties, patterns, additional, names, unevaluatedProperties } = plan;
    for (const [name, part] of plan.constants) {
      this.#work.spend(1);
      if (!hasMember(object, name)) continue;
      if (this.check(part, object[name], alternative) === undefined) return false;
      seen.addName(name);
    }
    if (properties.size > plan.constants.length) {
      for (const name of Object.keys(object)) {
        this.#work.spend(1);
        const part = object[name] === undefined ? undefined : properties.get(name);
        if (part === undefined || part.scalars !== undefined) continue;
        if (this.check(part, object[name], alternative) === undefined) return false;
        seen.addName(name);
      }
    }
    if (patterns.length > 0 || additional !== undefined || names !== undefined) {
      for (const name of Object.keys(object)) {
        this.#work.spend(1 + patterns.length * (1 + charactersWork(name.length)));
        if (names !== undefined && this.check(names, name, true) === undefined) {
          if (!this.#strip(object, name, alternative)) return false;
          continue;
        }
        let isNamed = properties.has(name);
        for (const [test, part] of patterns) {
          if (!test(name)) continue;
          isNamed = true;
          if (this.check(part, object[name], alternative) === undefined) return false;
          seen.addName(name);
        }
        if (isNamed || additional === undefined) continue;
        if (
          additional.never
            ? this.#strip(object, name, alternative)
            : this.check(additional, object[name], alternative) !== undefined
        )
          continue;
        return false;
      }
      if (additional !== undefined) seen.addAllNames();
    }
    if (unevaluatedProperties === undefined) return true;
    for (const name of Object.keys(object)) {
      this.#work.spend(1);
      if (seen.hasName(name)) continue;
      const fits = unevaluatedProperties.never
        ? this.#strip(object, name, alternative)
        : this.check(unevaluatedProperties, object[name], alternative) !== undefined;
      if (!fits) return false;
    }
    seen.addAllNames();
    return true;
  }

  #strip(object: object, name: string, alternative: boolean): boolean {
    if (alternative || !this.#strips) return false;
    this.unknown.push([object, name]);
    return true;
  }
}
