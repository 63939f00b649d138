export type { Middleware } from "../core/guard/middleware.js";
export type { StructureLimits } from "../core/structure/check-structure.js";
export { type FormBodyOptions, formBody } from "./form-body.js";
export { type JsonBodyOptions, jsonBody } from "./json-body.js";
export { type StructuralGuardOptions, structuralGuard } from "./structural-guard.js";
