import type { Assertion } from "../keywords/assertions.js";

/** One subschema, prepared for evaluation. */
export interface Plan {
  readonly id: number;
  /** `false` is the schema that nothing fits. */
  readonly never: boolean;
  assertions: readonly Assertion[];
  /** What the assertions take, beside what each schema takes. */
  work: ((value: unknown) => number) | undefined;
  /** The values that it allows, when they are few and none of them is a list or an object. */
  scalars: ReadonlySet<unknown> | undefined;
  /** Whether others can look at the same value for it, so that it can be asked once more what it said. */
  shared: boolean;
  /** Whether several schemas lead to it, so that it can meet one value on several ways. */
  several: boolean;
  /** Whether no other subschema looks at the same value. */
  leaf: boolean;
  /** Of `$ref` and `allOf`. */
  all: readonly Plan[];
  anyOf: Alternatives | undefined;
  oneOf: Alternatives | undefined;
  not: Plan | undefined;
  condition:
    | { readonly if: Plan; readonly next: Plan | undefined; readonly otherwise: Plan | undefined }
    | undefined;
  dependent: readonly (readonly [name: string, plan: Plan])[];
  properties: ReadonlyMap<string, Plan>;
  /** Those of them that are looked at first: a constant is quicker to see than a subtree. */
  constants: readonly (readonly [name: string, plan: Plan])[];
  patterns: readonly (readonly [test: (name: string) => boolean, plan: Plan])[];
  additional: Plan | undefined;
  names: Plan | undefined;
  unevaluatedProperties: Plan | undefined;
  prefix: readonly Plan[];
  items: Plan | undefined;
  contains: { readonly plan: Plan; readonly min: number; readonly max: number } | undefined;
  unevaluatedItems: Plan | undefined;
  /** Values of members and items that are absent. */
  memberDefaults: Defaults | undefined;
  itemDefaults: Defaults | undefined;
}

/** A whole schema, prepared. */
export interface Program {
  readonly root: Plan;
  readonly plans: readonly Plan[];
  /** Whether a keyword asks which members others have looked at. */
  readonly tracks: boolean;
  /** Whether there is a reference, so that a schema can come back below itself. */
  readonly refers: boolean;
}

/** Alternatives that a value can fit: the others, a constant rules out. */
export interface Candidates {
  readonly plans: readonly Plan[];
  /** Those of them that name the constant of the value. */
  readonly named: readonly Plan[];
}

/** The schemas of `anyOf` or `oneOf`. */
export interface Alternatives {
  readonly plans: readonly Plan[];
  /** Finds those that a value can fit. */
  candidates: (value: unknown) => Candidates;
}

/** The value of a member, or an item, that is absent. */
export interface Default {
  readonly at: string;
  readonly value: unknown;
  /** What a copy of it takes, and the frozen one of it. */
  readonly work: number;
}

/** Defaults of one schema, of its members or its items. */
export interface Defaults {
  readonly list: readonly Default[];
  /** What looking for absent ones takes. */
  readonly work: number;
}

/** The subschemas that look at the same value. */
export function inPlace(plan: Plan): readonly Plan[] {
  const { condition } = plan;
  return [
    ...plan.all,
    ...(plan.anyOf?.plans ?? []),
    ...(plan.oneOf?.plans ?? []),
    ...[plan.not, condition?.if, condition?.next, condition?.otherwise].flatMap((p) => p ?? []),
    ...plan.dependent.map(([, below]) => below),
  ];
}
