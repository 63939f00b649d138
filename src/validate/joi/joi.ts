import { withoutClientNames } from "../issues/client-names.js";
import type { PartCheck, PartResult } from "../issues/issue.js";
import type { UnknownFields } from "../json-schema/json-schema.js";
import { type JoiDescription, readDescription } from "./joi-description.js";
import { joiIssues } from "./joi-issues.js";

/** A schema of joi 17 or 18, such as `Joi.object({ … })`. */
export interface JoiSchema {
  // biome-ignore-start lint/suspicious/noExplicitAny: joi's own types of these.
  validate(value: any, options?: any): { readonly value: any; readonly error?: any };
  validateAsync(value: any, options?: any): Promise<any>;
  describe(): any;
  // biome-ignore-end lint/suspicious/noExplicitAny: see above.
  prefs(preferences: object): object;
}

/** By this symbol the versions of joi know the schemas of each other. */
const BRAND = Symbol.for("@hapi/joi/schema");
const KNOWN_VERSION = /^1[78]\./;
/** Texts of errors would be made of the value, and nobody reads them. */
const WITHOUT_TEXTS = { errors: { render: false } };

/** Whether the value is a schema of joi, of whatever version. */
export function isJoiSchema(value: unknown): value is JoiSchema {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** What is wrong with a joi schema as the schema of a part, in words; `undefined` for nothing. */
export function problemOfJoi(schema: JoiSchema): string | undefined {
  const { version } = ((schema as { [BRAND]?: unknown })[BRAND] ?? {}) as { version?: unknown };
  if (typeof version === "string" && KNOWN_VERSION.test(version)) return undefined;
  return "must be a schema of joi 17 or 18";
}

/** Reads what the schema says about itself; `undefined` when it cannot tell. */
export function describeJoi(schema: JoiSchema): JoiDescription | undefined {
  try {
    return readDescription(schema.describe());
  } catch {
    return undefined;
  }
}

/**
 * A check against a joi schema. joi converts as the schema says, `"5"` to 5 for a number unless `convert` is `false` in
 * its `prefs()`; what it makes of the value is what was judged.
 *
 * @param unknown - What happens with members that no object of the schema names, unless it says `unknown()` itself.
 */
export function createJoiCheck(
  schema: JoiSchema,
  { names, hasExternals }: JoiDescription,
  unknown: UnknownFields,
): PartCheck {
  const options = {
    abortEarly: false,
    allowUnknown: unknown === "allow",
    stripUnknown: unknown === "strip",
    ...(takesOption(schema) ? WITHOUT_TEXTS : {}),
  };

  function conclude(input: unknown, error: unknown, value: unknown): PartResult {
    if (error === undefined) return { value };
    return { value: input, issues: withoutClientNames(joiIssues(error), input, names) };
  }

  if (!hasExternals) {
    return (input) => {
      const { error, value } = schema.validate(input, options);
      return conclude(input, error, value);
    };
  }
  return (input) =>
    schema.validateAsync(input, options).then(
      (value: unknown) => conclude(input, undefined, value),
      (error: unknown) => {
        // What else a function of the app throws says nothing about the request.
        if (!isValidationError(error)) throw error;
        return conclude(input, error, undefined);
      },
    );
}

/** The first versions of joi 17 do not know it, and refuse what they do not know. No function of the app runs. */
function takesOption(schema: JoiSchema): boolean {
  try {
    schema.prefs(WITHOUT_TEXTS);
    return true;
  } catch {
    return false;
  }
}

function isValidationError(error: unknown): boolean {
  const { isJoi, details } = (Object(error) ?? {}) as { isJoi?: unknown; details?: unknown };
  return isJoi === true && Array.isArray(details);
}
