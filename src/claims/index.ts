export type {
  ClaimMapping,
  ClaimPath,
  ClaimSource,
  SubjectSource,
} from "../core/principal/claim-mapping.js";
export { type KeycloakOptions, keycloak } from "./keycloak.js";
export { rfc9068 } from "./rfc9068.js";
