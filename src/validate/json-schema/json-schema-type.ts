/**
 * A JSON Schema 2020-12 as an object literal. `validate` infers the type of the value from a literal; from a schema
 * of a wider type it is `unknown`.
 */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * The type of the values that a schema lets through, as far as its `type`, `properties`, `items`, `enum`, `const`,
 * `anyOf` and `oneOf` tell; `unknown` for the rest.
 */
export type FromJsonSchema<S> = S extends { readonly const: infer Value }
  ? Mutable<Value>
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Mutable<Value>
    : S extends { readonly type: infer Type }
      ? FromType<Type extends readonly unknown[] ? Type[number] : Type, S> | NullOf<S>
      : S extends { readonly anyOf: readonly (infer Branch)[] }
        ? FromBranch<Branch>
        : S extends { readonly oneOf: readonly (infer Branch)[] }
          ? FromBranch<Branch>
          : unknown;

/** `nullable` is a keyword of OpenAPI 3.0 that is understood beside `type`. */
type NullOf<S> = S extends { readonly nullable: true } ? null : never;

type FromBranch<Branch> = Branch extends unknown ? FromJsonSchema<Branch> : never;

type FromType<Type, S> = Type extends "string"
  ? string
  : Type extends "number" | "integer"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "null"
        ? null
        : Type extends "array"
          ? FromItems<S>
          : Type extends "object"
            ? FromProperties<S>
            : unknown;

type FromItems<S> = S extends { readonly prefixItems: unknown }
  ? unknown[]
  : S extends { readonly items: infer Items }
    ? FromJsonSchema<Items>[]
    : unknown[];

type FromProperties<S> = S extends { readonly properties: infer Properties }
  ? Flat<
      {
        -readonly [K in keyof Properties as K extends Present<S, Properties>
          ? K
          : never]: FromJsonSchema<Properties[K]>;
      } & {
        -readonly [K in keyof Properties as K extends Present<S, Properties>
          ? never
          : K]?: FromJsonSchema<Properties[K]>;
      }
    >
  : S extends { readonly additionalProperties: infer Value }
    ? Record<string, FromJsonSchema<Value>>
    : Record<string, unknown>;

/** Members that a valid object always has: the required ones, and those with a default, which is filled in. */
type Present<S, Properties> =
  | (S extends { readonly required: readonly (infer Name)[] } ? Literal<Name> : never)
  | {
      [K in keyof Properties]: Properties[K] extends { readonly default: unknown } ? K : never;
    }[keyof Properties];

/** A list of names that the compiler does not know could be any: it makes no member sure. */
type Literal<Name> = string extends Name ? never : Name;

type Flat<T> = { [K in keyof T]: T[K] };

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T;
