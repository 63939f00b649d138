import { GUARD_OPTIONS, type GuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { StructureLimits } from "../core/structure/check-structure.js";
import type { RunnableChain } from "./chains/chains.js";
import type { Expose } from "./issues/field-error.js";
import type { UnknownFields } from "./json-schema/json-schema.js";
import type { PartSchema } from "./validator.js";

/** Options of {@link validate} that do not depend on how the parts are described. */
export interface CommonValidateOptions extends GuardOptions {
  /** Status of a request that does not fit its schemas: 422 (RFC 9110 §15.5.21) or 400. @default 422 */
  readonly status?: 422 | 400 | undefined;
  /** The most entries that `errors` has, 1 to 100; with more, `truncated` is true. @default 20 */
  readonly maxErrors?: number | undefined;
  /**
   * What the refusal tells about each error.
   *
   * - `"pointers"`: where it is, its code, and a sentence for the code
   * - `"full"`: also what the schema asks for (`must be >= 1`), and the names of unknown fields
   * - `"none"`: nothing, `errors` is left out
   *
   * The value itself is never shown. @default "pointers"
   */
  readonly expose?: Expose | undefined;
  /**
   * Media types that a body may have: exact, or of the form `application/*+json`. Another one is answered 415
   * `unsupported_media_type` with an `Accept` field. @default ["application/json", "application/*+json"]
   */
  readonly contentTypes?: string | readonly string[] | undefined;
  /**
   * Patterns of JSON Schemas that are taken although they can backtrack for long, each exactly as it stands in the
   * schema. Without it, a `pattern` that can take exponential time is an `OptionsError`, and one that takes more than 160
   * steps for each character of the longest text that `maxLength` lets through.
   */
  readonly dangerouslyAllowPatterns?: string | readonly string[] | undefined;
  /** Limits for body, query, params and cookies, which are checked before a schema sees them. */
  readonly limits?: StructureLimits | undefined;
}

/** Options of {@link validate}: a schema for each part that the route uses. */
export interface ValidateOptions<
  Body = PartSchema | undefined,
  Query = PartSchema | undefined,
  Params = PartSchema | undefined,
  Headers = PartSchema | undefined,
  Cookies = PartSchema | undefined,
> extends CommonValidateOptions {
  /** The parsed body. A request without content is answered 400, unless a Standard Schema accepts `undefined`, or a
   * joi schema says `optional()` or has a `default()`. */
  readonly body?: Body;
  /** The query parameters. */
  readonly query?: Query;
  /** The path parameters. They exist only on the route itself, so mount the validator there. */
  readonly params?: Params;
  /** The header fields, by their lower-case names. A repeated one is a list. */
  readonly headers?: Headers;
  /** The cookies, read from the `Cookie` field. A repeated one is a list. */
  readonly cookies?: Cookies;
  /**
   * Members of body and query that the schema does not name.
   *
   * - `"reject"`: refused. With a Standard Schema: members that it leaves out of its result
   * - `"strip"`: left out of the validated value
   * - `"allow"`: accepted, as JSON Schema does unless it says otherwise
   *
   * With joi they are its own defaults, `stripUnknown` and `allowUnknown`, for body and query.
   *
   * With a Standard Schema, `"strip"` and `"allow"` both use its result. A compiled function decides by itself.
   *
   * @default "reject"
   */
  readonly unknown?: UnknownFields | undefined;
}

/** Options of {@link validate} with chains of express-validator 6 or 7. */
export interface ValidateChainsOptions extends CommonValidateOptions {
  /** Chains, `checkSchema()` results, `oneOf()`. They run one after the other. `checkExact()` is not needed. */
  readonly chains: RunnableChain | readonly (RunnableChain | readonly RunnableChain[])[];
  /** Fields of body and query that no chain names. There is no default: express-validator itself lets them pass. */
  readonly unknown: UnknownFields;
}

/** Names of all options. */
export const VALIDATE_KEYS: OptionKeys<ValidateOptions | ValidateChainsOptions> = {
  body: "neverUndefined",
  query: "neverUndefined",
  params: "neverUndefined",
  headers: "neverUndefined",
  cookies: "neverUndefined",
  chains: "neverUndefined",
  unknown: true,
  status: true,
  maxErrors: true,
  expose: true,
  contentTypes: true,
  dangerouslyAllowPatterns: true,
  limits: true,
  ...GUARD_OPTIONS,
};

const UNKNOWN_FIELDS =
  'fields that no schema names are refused by default; unknown: "strip" leaves them out, "allow" lets them pass';
const ALL_ERRORS = "the answer names up to 20 errors; maxErrors sets another number, from 1 to 100";

/** What other packages call these options. */
export const VALIDATE_HINTS: Hints<ValidateOptions | ValidateChainsOptions> = {
  querystring: "query",
  path: "params",
  pathParams: "params",
  header: "headers",
  cookie: "cookies",
  signedCookies: "signatures of cookies are not checked here: cookies is what the client sent",
  validations: "chains",
  checks: "chains",
  allowUnknown: UNKNOWN_FIELDS,
  stripUnknown: UNKNOWN_FIELDS,
  additionalProperties: UNKNOWN_FIELDS,
  removeAdditional: UNKNOWN_FIELDS,
  abortEarly: ALL_ERRORS,
  allErrors: ALL_ERRORS,
  statusCode: "status",
  errorStatus: "status",
  consumes: "contentTypes",
  contentType: "contentTypes",
  onError: "onDenied",
  onInvalid: "onDenied",
};
