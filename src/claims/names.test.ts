import { describe, expect, it } from "vitest";
import { auth0, firebase, keycloak, okta, supabase, zitadel } from "./index.js";

describe("names that come from variables", () => {
  // Quietly nobody would have a role: a rule such as not(role("suspended")) would let all pass.
  it.each<[option: string, create: (name: string) => unknown]>([
    ["auth0.rolesClaim", (rolesClaim) => auth0({ rolesClaim: `https://a.example/${rolesClaim}` })],
    ["firebase.rolesClaim", (rolesClaim) => firebase({ rolesClaim })],
    ["keycloak.clientId", (clientId) => keycloak({ clientId })],
    ["okta.groupsClaim", (groupsClaim) => okta({ groupsClaim, groups: { a: "b" } })],
    ["supabase.rolesClaim", (rolesClaim) => supabase({ rolesClaim })],
    ["zitadel.orgId", (orgId) => zitadel({ orgId })],
    ["zitadel.projectId", (projectId) => zitadel({ orgId: "1", projectId })],
  ])("%s has no white space around it, and nothing that nobody sees", (option, create) => {
    for (const name of ["x ", "x\u00a0", "x\ufeff", "x\u200b"])
      expect(() => create(name), JSON.stringify(name)).toThrow(`${option} must not`);
  });
});
