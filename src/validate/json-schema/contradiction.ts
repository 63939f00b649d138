/**
 * Options of which one schema can be seen to let through what the type `V`, named by the app, rules out: a property
 * that is a number in the type, and a text in the schema. Schemas that are no literals say nothing and match nothing.
 */
export type Contradicting<V> = {
  [Part in keyof V]-?: { readonly [P in Part]: Contradiction<V[Part]> } & Anything;
}[keyof V];

/** What `validate` returns for {@link Contradicting} options. It is no middleware, so that using it does not compile. */
export interface SchemaContradictsTypeArgument {
  readonly contradiction: "the schema lets through what the type argument rules out";
}

/** The schemas that contradict a type: by their `type`, or somewhere in their `properties` or `items`. */
type Contradiction<T> =
  | ({ readonly type: Exclude<TypeName, NamesOf<T>> } & Anything)
  | ({ readonly properties: ContradictedProperty<T> & Anything } & Anything)
  | ({ readonly items: ContradictedItem<T> } & Anything);

type ContradictedProperty<T> = T extends readonly unknown[]
  ? never
  : T extends object
    ? { [K in keyof T & string]-?: { readonly [P in K]: Contradiction<T[K]> } }[keyof T & string]
    : never;

type ContradictedItem<T> = T extends readonly (infer Item)[] ? Contradiction<Item> : never;

/** The `type`s of a schema whose values may be of the type. */
type NamesOf<T> = unknown extends T
  ? TypeName
  : T extends string
    ? "string"
    : T extends number
      ? "number" | "integer"
      : T extends boolean
        ? "boolean"
        : T extends null
          ? "null"
          : T extends readonly unknown[]
            ? "array"
            : T extends object
              ? "object"
              : never;

type TypeName = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/** Keywords and options beside the one that contradicts. */
interface Anything {
  readonly [name: string]: unknown;
}
