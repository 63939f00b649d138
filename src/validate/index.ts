export type { RunnableChain } from "./chains/chains.js";
export type { Expose, FieldError } from "./issues/field-error.js";
export type { IssueCode } from "./issues/issue.js";
export type { JoiSchema } from "./joi/joi.js";
export type { AsyncCompiledFunction, CompiledFunction } from "./json-schema/compiled-function.js";
export type { UnknownFields } from "./json-schema/json-schema.js";
export type { FromJsonSchema, JsonSchema } from "./json-schema/json-schema-type.js";
export type { StandardSchema } from "./standard-schema/standard-schema.js";
export { validate } from "./validate.js";
export type {
  CommonValidateOptions,
  ValidateChainsOptions,
  ValidateOptions,
} from "./validate-options.js";
export type { PartSchema, Valid, Validator, ValidChains, ValidPart } from "./validator.js";
