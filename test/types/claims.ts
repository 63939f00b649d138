import {
  auth0,
  authentik,
  type ClaimMapping,
  clerk,
  cognito,
  duende,
  entra,
  firebase,
  googleIap,
  keycloak,
  okta,
  rfc9068,
  supabase,
  workos,
  zitadel,
} from "express-secure-api/claims";
import type { Principal, PrincipalList } from "express-secure-api/principal";
import { assertType, type Equal } from "./equal.js";

export const mappings: readonly ClaimMapping[] = [
  keycloak({ clientId: "orders", realmRoles: false }),
  rfc9068(),
  { ...rfc9068(), subject: ["sub", ["user", "id"], { path: "id", format: "number" }] },
  { roles: [{ path: ["realm_access", "roles"], prefix: "realm:" }], tenant: "tid" },
  { tenant: [["o", "id"], ["org_id"]], kind: () => "anonymous" },
  { login: "supabase" },
  {
    roles: [
      { path: "groups", names: { "5f0c": "admin", "7d31": ["editor", "viewer"] } },
      { path: "groups", names: ["admin"], elsewhere: "hasgroups" },
      { path: "projects", format: "keys", having: "1" },
      { path: "admin", format: "flag" },
      { path: "flags", format: "booleans" },
    ],
    permissions: [{ path: "o", format: "clerk" }],
  },
  auth0(),
  auth0({ rolesClaim: "https://api.example.com/roles" }),
  authentik({ groups: { staff: "editor" } }),
  clerk(),
  cognito({ groups: { editors: ["editor", "viewer"] } }),
  duende(),
  entra({ groups: { "5f0c": "admin" }, directoryRoles: { "62e9": "admin" } }),
  firebase({ roles: ["admin"], rolesClaim: ["app", "roles"] }),
  googleIap({ accessLevels: { "accessPolicies/1/accessLevels/a": "managed-device" } }),
  okta({ groupsClaim: "groups", groups: { staff: "editor" } }),
  supabase({ rolesClaim: ["app_metadata", "role"] }),
  workos(),
  zitadel({ orgId: "1", projectId: "2" }),
];

assertType<Equal<Principal["undetermined"], readonly PrincipalList[]>>();
assertType<Equal<PrincipalList, "roles" | "scopes" | "permissions" | "groups">>();

// @ts-expect-error the client whose roles count must be said
keycloak({});
// @ts-expect-error keycloak-connect's name for it
keycloak({ resource: "orders" });
// @ts-expect-error the organization in which roles count must be said
zitadel({});
// @ts-expect-error Clerk's tokens are read in one way
clerk({ version: 2 });
// @ts-expect-error a group is no role by its name
entra({ groups: ["admin"] });
