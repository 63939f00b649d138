export type { ClaimMapping, SubjectSource } from "../core/principal/claim-mapping.js";
export type { ClaimPath, ClaimSource } from "../core/principal/names/claim-source.js";
export { type KeycloakOptions, keycloak } from "./keycloak.js";
export { rfc9068 } from "./rfc9068.js";
