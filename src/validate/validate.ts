import type { NextFunction, Request, Response } from "express";
import { type CallSettings, settleInTime } from "../core/calls/create-call.js";
import { failedWith } from "../core/calls/function-failure.js";
import { MountingError } from "../core/calls/mounting-error.js";
import { isThenable } from "../core/calls/user-function.js";
import { createGuard } from "../core/guard/guard.js";
import { giveDetails } from "../core/guard/guard-details.js";
import type { Middleware } from "../core/guard/middleware.js";
import { requestSlot } from "../core/request/request-slot.js";
import { createChainsCheck } from "./chains/validate-chains.js";
import type { Part } from "./issues/field-error.js";
import type { Validation } from "./issues/validation.js";
import type { Contradicting, SchemaContradictsTypeArgument } from "./json-schema/contradiction.js";
import { frozenCopy, frozenGraphCopy } from "./parts/frozen-copy.js";
import { readPart } from "./parts/read-part.js";
import { createUnparsedBodyCheck } from "./parts/unparsed-body.js";
import { createPartsCheck } from "./parts/validate-parts.js";
import { readValidateOptions } from "./read-validate-options.js";
import type { ValidateChainsOptions, ValidateOptions } from "./validate-options.js";
import type { PartSchema, Valid, Validator, ValidChains } from "./validator.js";

/** A type that is taken from the type argument alone, and not inferred. */
type Named<V> = [V][V extends unknown ? 0 : never];

/** What one validator found about a request, and what others found before it. */
interface Finding {
  readonly validator: object;
  /** The validated parts; `undefined` where report mode let a refusal pass. */
  readonly values: Readonly<Partial<Record<Part, unknown>>> | undefined;
  readonly earlier: Finding | undefined;
}

const findings = requestSlot<Finding>("validated");

/** What schemas, compiled functions and chains promise is read already when it comes. */
const PENDING: CallSettings<Validation> = {
  option: "validate",
  parse: (validation) => validation as Validation,
};

const PARTS: readonly Part[] = ["body", "query", "params", "headers", "cookies"];

/**
 * Validates parts of the request, and refuses what does not fit: one schema for each part, a JSON Schema 2020-12, a
 * Standard Schema (zod, valibot, …), a joi schema or a compiled function; or chains of express-validator.
 *
 * Members that a schema does not name are refused in body and query. Query, params, headers and cookies are coerced by
 * a strict grammar under a JSON Schema, bodies never. `req.body` becomes the validated body; what is coerced is read
 * with `valid(req)`. It does not escape, and it does not look for attack patterns.
 *
 * Answers 422 `validation_failed` with `errors`, 400 for a missing body, 415 `unsupported_media_type`, and what the
 * structural check answers: 400 `structure_too_deep`, `forbidden_key`, `forbidden_character`, 413
 * `structure_too_large`. Schemas, functions and chains may answer with a promise, which has 5 seconds. One that throws,
 * rejects, takes longer or gives the wrong type is answered 503 `check_unavailable`, never let through.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong, or a schema does not compile.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function validate<
  const Body extends PartSchema | undefined = undefined,
  const Query extends PartSchema | undefined = undefined,
  const Params extends PartSchema | undefined = undefined,
  const Headers extends PartSchema | undefined = undefined,
  const Cookies extends PartSchema | undefined = undefined,
>(
  options: ValidateOptions<Body, Query, Params, Headers, Cookies>,
): Validator<
  Valid<{ body: Body; query: Query; params: Params; headers: Headers; cookies: Cookies }>
>;
/** Not for schemas that can be seen to contradict the type: what is returned is no middleware. */
export function validate<V extends Readonly<Partial<Record<Part, unknown>>> = never>(
  options: Contradicting<Named<V>>,
): SchemaContradictsTypeArgument;
/**
 * With types that the app names, for schemas of which TypeScript cannot see the type, such as one that was imported
 * from a JSON file: `validate<{ body: Order }>({ body: schema })`. Nothing checks that the type fits such a schema.
 */
export function validate<V extends Readonly<Partial<Record<Part, unknown>>> = ValidChains>(
  options: ValidateOptions | ValidateChainsOptions,
): Validator<V>;
export function validate(
  options: ValidateOptions | ValidateChainsOptions,
): Validator<unknown> | SchemaContradictsTypeArgument {
  const settings = readValidateOptions(options);
  const guard = createGuard("validate", "validation", settings);
  const explainUnparsed = createUnparsedBodyCheck(
    settings.contentTypes,
    settings.defaultTypes,
    () => handler,
  );
  const createCheck = settings.chains.length > 0 ? createChainsCheck : createPartsCheck;
  const check = createCheck(settings, explainUnparsed);
  const names = settings.chains.length > 0 ? PARTS : settings.parts.map(({ part }) => part);
  const { trees } = settings;
  const handler: Middleware = guard.middleware((req, res, next) => {
    let validation: Validation | PromiseLike<Validation>;
    try {
      validation = check(req);
    } catch (error) {
      fail(error instanceof MountingError ? error : failedWith("validate", error), req, res, next);
      return;
    }
    if (!isThenable(validation)) {
      conclude(validation, req, res, next);
      return;
    }
    // Report mode waits as well: handlers read with `valid(req)` what comes of it.
    settleInTime(validation, PENDING).then(
      (settled) => guard.resume(req, res, next, () => conclude(settled, req, res, next)),
      (error: unknown) => guard.resume(req, res, next, () => fail(error, req, res, next)),
    );
  });

  const { describe, readsBody, contentTypes, status } = settings;
  giveDetails(handler, () => ({
    schemas: describe(),
    status,
    ...(readsBody ? { contentTypes } : {}),
  }));

  function fail(error: unknown, req: Request, res: Response, next: NextFunction): void {
    if (!guard.enforced) remember(req, undefined);
    guard.fault(error, req, res, next);
  }

  function conclude(validation: Validation, req: Request, res: Response, next: NextFunction): void {
    if (validation.refusal !== undefined) {
      if (!guard.enforced) remember(req, undefined);
      guard.refuse(validation.refusal, req, res, next, { reason: validation.reason });
      return;
    }
    let frozen: Finding["values"];
    try {
      frozen = trees ? frozenCopy(validation.values) : frozenGraphCopy(validation.values);
    } catch (error) {
      fail(failedWith("validate", error), req, res, next);
      return;
    }
    // Handlers may write into req.body, as they always could: what was validated is a copy of its own.
    if (guard.enforced && "body" in validation.values) req.body = validation.values.body;
    remember(req, frozen);
    guard.allow(req);
    next();
  }

  function remember(req: object, values: Finding["values"]): void {
    findings.set(req, { validator: handler, values, earlier: findings.get(req) });
  }

  function valid(req: object): unknown {
    for (let finding = findings.get(req); finding !== undefined; finding = finding.earlier) {
      if (finding.validator !== handler) continue;
      // Handlers behind a reporting validator work on, with what they had before.
      return finding.values ?? rawParts(req as Request, names);
    }
    throw new Error("validate: valid(req) needs its validator in front of the handler");
  }

  return Object.assign(handler, { valid }) as Validator<unknown>;
}

function rawParts(req: Request, names: readonly Part[]): Readonly<Partial<Record<Part, unknown>>> {
  const raw: Partial<Record<Part, unknown>> = {};
  for (const part of names) raw[part] = part === "body" ? req.body : readPart(part, req);
  return Object.freeze(raw);
}
