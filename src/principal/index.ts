export type { Middleware } from "../core/guard/middleware.js";
export {
  getPrincipal,
  type Principal,
  type PrincipalInit,
  type PrincipalList,
} from "../core/principal/principal.js";
export {
  type EnrichmentCacheOptions,
  type EnrichPrincipalOptions,
  enrichPrincipal,
} from "./enrich-principal.js";
export type { HeaderPrincipalOptions } from "./header-principal.js";
export type { PrincipalEnrichment } from "./parse-enrichment.js";
export { type PrincipalFromOptions, principalFrom } from "./principal-from.js";
export { type SessionPrincipalOptions, session } from "./session.js";
