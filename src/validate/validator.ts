import type { Middleware } from "../core/guard/middleware.js";
import type { JoiSchema } from "./joi/joi.js";
import type { AsyncCompiledFunction, CompiledFunction } from "./json-schema/compiled-function.js";
import type { FromJsonSchema, JsonSchema } from "./json-schema/json-schema-type.js";
import type { StandardSchema } from "./standard-schema/standard-schema.js";

/** What one part can be validated by. */
export type PartSchema =
  | JsonSchema
  | StandardSchema
  | JoiSchema
  | CompiledFunction
  | AsyncCompiledFunction;

/** The type of the values that a {@link PartSchema} lets through. */
export type ValidPart<S> = S extends {
  readonly "~standard": { readonly types?: { readonly output: infer Output } | undefined };
}
  ? Output
  : S extends JoiSchema
    ? ValidJoi<ReturnType<S["validate"]>>
    : // biome-ignore lint/suspicious/noExplicitAny: the parameter of any predicate.
      S extends (value: any, ...rest: never) => value is infer Value
      ? Value
      : S extends (...parameters: never) => unknown
        ? unknown
        : FromJsonSchema<S>;

/** joi gives a value, or an error beside which the value says nothing. */
type ValidJoi<R> = R extends { readonly error?: undefined; readonly value: infer Value }
  ? Value
  : never;

/** The validated parts of a request, one member for each part that has a schema. */
export type Valid<Schemas> = {
  readonly [Part in keyof Schemas as Schemas[Part] extends undefined ? never : Part]: ValidPart<
    Schemas[Part]
  >;
};

/** What chains of express-validator validate: the parts that they look at, of types that only the app knows. */
export interface ValidChains {
  // biome-ignore-start lint/suspicious/noExplicitAny: chains carry no types; name them with validate<{ body: Order }>.
  readonly body?: any;
  readonly query?: any;
  readonly params?: any;
  readonly headers?: any;
  readonly cookies?: any;
  // biome-ignore-end lint/suspicious/noExplicitAny: see above.
}

/** `unknown` would take from handlers what Express gives them: `req.body` of type `any`. */
type Body<V> = V extends { readonly body: infer B }
  ? unknown extends B
    ? ExpressBody
    : B
  : ExpressBody;
// biome-ignore lint/suspicious/noExplicitAny: Express's own type of req.body.
type ExpressBody = any;

/**
 * A middleware that validates, and remembers what it found valid. It types `req.body` for the handlers beside it in a
 * route, and nothing else of the request, so it stands beside middlewares of any type.
 */
export interface Validator<V> extends Middleware<{ readonly body: Body<V> }> {
  /**
   * The validated parts of this request, frozen: coerced, with defaults, without what the schema does not let through.
   *
   * In report mode, a part of a request that would have been refused is as the client sent it, whatever its type says.
   *
   * @throws Error when this validator did not let the request pass: it is not mounted in front of the handler.
   */
  valid(req: object): V;
}
