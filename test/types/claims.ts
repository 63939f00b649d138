import { type ClaimMapping, keycloak, rfc9068 } from "express-secure-api/claims";

export const mappings: readonly ClaimMapping[] = [
  keycloak({ clientId: "orders", realmRoles: false }),
  rfc9068(),
  { ...rfc9068(), subject: ["sub", ["user", "id"], { path: "id", format: "number" }] },
  { roles: [{ path: ["realm_access", "roles"], prefix: "realm:" }], tenant: "tid" },
];

// @ts-expect-error the client whose roles count must be said
keycloak({});
// @ts-expect-error keycloak-connect's name for it
keycloak({ resource: "orders" });
