import { createGuard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { HttpError } from "../core/refusal/http-error.js";
import {
  checkStructure,
  readLimits,
  STRUCTURE_LIMITS,
  type StructureLimits,
} from "../core/structure/check-structure.js";

/** Options of {@link structuralGuard}. */
export interface StructuralGuardOptions extends StructureLimits, GuardOptions {}

const PARTS = ["body", "query", "params"] as const;

const KEYS: OptionKeys<StructuralGuardOptions> = { ...STRUCTURE_LIMITS, ...GUARD_OPTIONS };

/** What other packages call these limits. */
export const STRUCTURAL_GUARD_HINTS: Hints<StructuralGuardOptions> = {
  maxDepth: "depth",
  parameterLimit: "nodes bounds the values of a part in all, keys the members of one object",
  arrayLimit: "items",
  maxItems: "items",
  maxKeys: "keys",
  maxNodes: "nodes",
  maxKeyLength: "keyLength",
  maxLength: "stringLength",
  maxStringLength: "stringLength",
};

/**
 * Refuses requests whose parsed body, query or params are too deep or too large, or hold a member name or character
 * that is never allowed: `__proto__`, a `constructor` that holds a `prototype`, NUL, a lone surrogate.
 *
 * For routes without a schema: `validate` does the same before it validates. Mount it after the body parser, whichever
 * that is; params exist only on the route itself. It does not check header fields, cookies or bytes.
 *
 * Answers 400 `structure_too_deep`, `forbidden_key`, `forbidden_character`, and 413 `structure_too_large`.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 */
export function structuralGuard(options: StructuralGuardOptions = {}): Middleware {
  const reader = readOptions<StructuralGuardOptions>(
    "structuralGuard",
    options,
    KEYS,
    STRUCTURAL_GUARD_HINTS,
    "structuralGuard()",
  );
  const limits = readLimits(reader);
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  const guard = createGuard("structuralGuard", "validation", guardOptions);

  return guard.middleware((req, res, next) => {
    for (const part of PARTS) {
      const fault = checkStructure(req[part], limits);
      if (fault !== undefined) {
        guard.refuse(new HttpError(fault), req, res, next, {
          reason: part,
        });
        return;
      }
    }
    guard.allow(req);
    next();
  });
}
