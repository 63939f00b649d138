export type { Middleware } from "../core/guard/middleware.js";
export { type AllowFieldsOptions, allowFields } from "./allow-fields.js";
export { type AuthorizeOptions, authorize } from "./authorize.js";
export { all } from "./combinators/all.js";
export { any } from "./combinators/any.js";
export { not } from "./combinators/not.js";
export { declarePublic } from "./declare-public.js";
export { defineRoles, type RoleDefinition, type Roles } from "./define-roles.js";
export type { FieldPath } from "./fields/field-tree.js";
export type { FieldRules } from "./fields/read-field-rules.js";
export type { LoadOptions, ObjectGuard, OnForeign } from "./guard/load-options.js";
export type { RequireOptions } from "./guard/require-options.js";
export { authzen } from "./http-engines/authzen.js";
export type {
  BreakerOptions,
  HttpEngineOptions,
  PolicyFetch,
  PolicyFetchRequest,
  PolicyFetchResponse,
} from "./http-engines/http-engine-options.js";
export { type OpaOptions, opa } from "./http-engines/opa.js";
export { type OwnParamOptions, ownParam } from "./own-param.js";
export type { Ids } from "./ownership/ids.js";
export { owner, sameTenant } from "./ownership/owner.js";
export type { IdPick } from "./ownership/pick.js";
export { policy } from "./policy-engines/policy.js";
export type {
  PolicyAction,
  PolicyCall,
  PolicyDecision,
  PolicyEngine,
  PolicyInput,
  PolicyResource,
  PolicySubject,
} from "./policy-engines/policy-engine.js";
export type { PolicyQuestion } from "./policy-engines/policy-input.js";
export { type RequireOwnershipOptions, requireOwnership } from "./require-ownership.js";
export { requirePermission } from "./require-permission.js";
export { requireRole } from "./require-role.js";
export { requireScope } from "./require-scope.js";
export { type RequireStepUpOptions, requireStepUp } from "./require-step-up.js";
export type { Rule } from "./rule/rule.js";
export { authenticated } from "./rules/authenticated.js";
export { claim, type ExpectedClaim } from "./rules/claim.js";
export { permission } from "./rules/permission.js";
export { role } from "./rules/role.js";
export { scope } from "./rules/scope.js";
export { type StepUpOptions, stepUp } from "./rules/step-up.js";
export { type Condition, when } from "./rules/when.js";
