import { describe, expect, it } from "vitest";
import type { ClaimMapping } from "../core/principal/claim-mapping.js";
import { toPrincipal } from "../core/principal/claim-mapping.js";
import type { Principal } from "../core/principal/principal.js";
import auth0Machine from "./fixtures/auth0-machine-access-token.json";
import auth0User from "./fixtures/auth0-user-access-token.json";
import authentikUser from "./fixtures/authentik-access-token.json";
import clerkV1 from "./fixtures/clerk-v1-session-token.json";
import clerkV2 from "./fixtures/clerk-v2-session-token.json";
import cognitoUser from "./fixtures/cognito-access-token.json";
import duendeUser from "./fixtures/duende-access-token.json";
import entraApp from "./fixtures/entra-app-access-token.json";
import entraOverage from "./fixtures/entra-overage-access-token.json";
import entraUser from "./fixtures/entra-user-access-token.json";
import firebaseUser from "./fixtures/firebase-id-token.json";
import iapUser from "./fixtures/google-iap-assertion.json";
import oktaUser from "./fixtures/okta-access-token.json";
import supabaseUser from "./fixtures/supabase-access-token.json";
import workosMachine from "./fixtures/workos-machine-access-token.json";
import workosUser from "./fixtures/workos-session-token.json";
import zitadelUser from "./fixtures/zitadel-access-token.json";
import {
  auth0,
  authentik,
  clerk,
  cognito,
  duende,
  entra,
  firebase,
  googleIap,
  okta,
  rfc9068,
  supabase,
  workos,
  zitadel,
} from "./index.js";

/** A sample token of the provider's own documentation, with names of ours; the file names the page. */
interface Sample {
  readonly payload: object;
}

/** The claims that stand for the change; `undefined` leaves one out. */
type Change = Readonly<Record<string, unknown>>;

function principalOf(mapping: ClaimMapping, { payload }: Sample, change: Change = {}): Principal {
  const claims: Record<string, unknown> = { ...payload, ...change };
  for (const name of Object.keys(change)) if (change[name] === undefined) delete claims[name];
  return toPrincipal(mapping, claims);
}

const EMPTY = { roles: [], scopes: [], permissions: [], groups: [], undetermined: [] };

const EDITORS = "5f0c2a1e-7d31-4b57-8a52-0d4b6a1c7e90";
const STAFF = "9e2b1f6c-7a4d-4e0b-8c35-100000000000";
const TENANT = "0f4c1f5e-8d2b-4f1b-9a37-5d1e2c3b4a59";
const HOME = "170086824411201793";
const PARTNER = "170086824411201794";
const LEVEL = "accessPolicies/930829/accessLevels/managed_device";
const ROLES = "https://api.example.com/roles";

const groupsOfEntra = entra({ groups: { [EDITORS]: ["editor", "viewer"] } });
const appMetadata = supabase({ rolesClaim: ["app_metadata", "role"] });

describe("the principal of a sample token", () => {
  it.each<[title: string, mapping: ClaimMapping, sample: Sample, expected: object]>([
    [
      "Auth0, a user",
      auth0({ rolesClaim: ROLES }),
      auth0User,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor"],
        scopes: ["openid", "profile", "read:orders"],
        permissions: ["read:orders", "create:orders"],
        clientId: "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
        tenant: "org_9ybsU1dN2dKfDkBi",
      },
    ],
    [
      "Auth0, a machine, RFC 9068 profile",
      auth0({ rolesClaim: ROLES }),
      auth0Machine,
      {
        ...EMPTY,
        kind: "service",
        scopes: ["read:orders"],
        clientId: "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
      },
    ],
    [
      "Entra ID, a user",
      groupsOfEntra,
      entraUser,
      {
        ...EMPTY,
        kind: "user",
        id: `https://login.microsoftonline.com/${TENANT}/v2.0 690222be-ff1a-4d56-abd1-7e4f7d38e474`,
        roles: ["Orders.Editor", "editor", "viewer"],
        scopes: ["Orders.Read", "Orders.Write"],
        groups: [STAFF, EDITORS],
        clientId: "5b32b30f-a6f1-4d22-9a4b-3c8d9c1e1f11",
        tenant: TENANT,
      },
    ],
    [
      "Entra ID, an app: roles are application permissions, and there is no scope",
      groupsOfEntra,
      entraApp,
      { ...EMPTY, kind: "service", roles: ["Orders.Read.All"] },
    ],
    [
      "Entra ID, a user in too many groups",
      groupsOfEntra,
      entraOverage,
      { roles: ["Orders.Editor"], groups: [], undetermined: ["roles", "groups"] },
    ],
    [
      "Cognito",
      cognito({ groups: { editors: "editor" } }),
      cognitoUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor"],
        groups: ["editors", "Administrators"],
        scopes: ["openid", "orders/read"],
        clientId: "3n4b5urk1ft4fl3mg5e62d9ado",
      },
    ],
    [
      "Okta",
      okta({ groups: { "orders-editors": "editor" } }),
      oktaUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor"],
        groups: ["Everyone", "orders-editors"],
        scopes: ["openid", "orders.read"],
        clientId: "0oa15d4jr5oIR5Eel698",
      },
    ],
    [
      "Firebase",
      firebase({ roles: ["admin", "editor", "owner"] }),
      firebaseUser,
      { ...EMPTY, kind: "user", roles: ["admin"], tenant: "shop-b2b" },
    ],
    [
      "IAP",
      googleIap({ accessLevels: { [LEVEL]: "managed-device" } }),
      iapUser,
      {
        ...EMPTY,
        kind: "user",
        subject: "accounts.google.com:118116452377014095702",
        roles: ["managed-device"],
        groups: [LEVEL],
        tenant: "example.com",
      },
    ],
    [
      "Zitadel",
      zitadel({ orgId: HOME }),
      zitadelUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor"],
        clientId: "69234237810729234",
        tenant: HOME,
      },
    ],
    [
      "Clerk, version 2",
      clerk(),
      clerkV2,
      {
        ...EMPTY,
        kind: "user",
        roles: ["org:admin"],
        permissions: ["org:dashboard:read", "org:dashboard:manage", "org:impersonation:manage"],
        clientId: "https://shop.example.com",
        tenant: "org_123",
      },
    ],
    [
      "Clerk, version 1",
      clerk(),
      clerkV1,
      {
        ...EMPTY,
        kind: "user",
        roles: ["org:admin"],
        permissions: ["org:dashboard:read", "org:dashboard:manage"],
        tenant: "org_123",
      },
    ],
    ["Supabase", appMetadata, supabaseUser, { ...EMPTY, kind: "user", roles: ["editor"] }],
    [
      "WorkOS, a session",
      workos(),
      workosUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["member", "billing"],
        permissions: ["posts:read", "posts:write"],
        tenant: "org_01HRDMC6CM357W30QMHMQ96Q0S",
      },
    ],
    [
      "WorkOS Connect, a machine",
      workos(),
      workosMachine,
      { ...EMPTY, kind: "service", scopes: ["orders.read"] },
    ],
    [
      "Duende",
      duende(),
      duendeUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor", "viewer"],
        scopes: ["openid", "profile", "orders.read"],
        clientId: "shop-web",
        amr: ["pwd"],
      },
    ],
    [
      "authentik",
      authentik({ groups: { "orders editors": "editor" } }),
      authentikUser,
      {
        ...EMPTY,
        kind: "user",
        roles: ["editor"],
        groups: ["orders editors", "authentik Admins"],
        clientId: "kB3xHh0qYcQmTz5n",
        acr: "goauthentik.io/providers/oauth2/default",
      },
    ],
  ])("of %s", (_title, mapping, sample, expected) => {
    expect(principalOf(mapping, sample)).toMatchObject(expected);
  });
});

/** What a changed token must become: the traps of each provider. */
const TRAPS: readonly [
  title: string,
  mapping: ClaimMapping,
  sample: Sample,
  change: Change,
  expected: object,
][] = [
  [
    "Auth0: a name with dots and slashes is one claim",
    auth0({ rolesClaim: ROLES }),
    auth0User,
    { [ROLES]: undefined, "https://api": { "example.com/roles": ["admin"] }, roles: ["admin"] },
    { roles: [], undetermined: [] },
  ],
  ["Auth0: without rolesClaim, nothing is a role", auth0(), auth0User, {}, { roles: [] }],
  [
    "Auth0: scopes are no permissions, because without RBAC a user has what the client asks for",
    auth0(),
    auth0User,
    { permissions: undefined, scope: "delete:orders" },
    { permissions: [], scopes: ["delete:orders"] },
  ],
  [
    "Auth0: only the client itself is a service",
    auth0(),
    auth0User,
    { sub: "another@clients" },
    { kind: "user" },
  ],
  [
    "Entra ID: hasgroups is no empty list either",
    groupsOfEntra,
    entraUser,
    { groups: undefined, hasgroups: true },
    { roles: ["Orders.Editor"], undetermined: ["roles", "groups"] },
  ],
  [
    "Entra ID: without roles for groups, too many groups leave the roles determined",
    entra(),
    entraOverage,
    {},
    { roles: ["Orders.Editor"], undetermined: ["groups"] },
  ],
  [
    "Entra ID: no groups are no groups",
    groupsOfEntra,
    entraUser,
    { groups: undefined },
    { roles: ["Orders.Editor"], groups: [], undetermined: [] },
  ],
  [
    "Entra ID: the name of a group is no role",
    groupsOfEntra,
    entraUser,
    { groups: ["admin", "editor"], roles: undefined },
    { roles: [], groups: ["admin", "editor"] },
  ],
  [
    "Entra ID: directory roles count when they are named",
    entra({ directoryRoles: { "62e90394-69f5-4237-9190-012177145e10": "admin" } }),
    entraUser,
    { roles: undefined, wids: ["62e90394-69f5-4237-9190-012177145e10", "admin"] },
    { roles: ["admin"] },
  ],
  [
    "Entra ID: directory roles do not count otherwise",
    entra(),
    entraUser,
    { roles: undefined, wids: ["62e90394-69f5-4237-9190-012177145e10"] },
    { roles: [] },
  ],
  [
    "Entra ID: a v1 token names its client in appid",
    entra(),
    entraUser,
    { azp: undefined, appid: "5b32b30f", ver: "1.0" },
    { clientId: "5b32b30f" },
  ],
  [
    "Entra ID: without idtyp, an app has no scp",
    entra(),
    entraApp,
    { idtyp: undefined },
    { kind: "service" },
  ],
  ["Entra ID: idtyp user is a user", entra(), entraApp, { idtyp: "user" }, { kind: "user" }],
  [
    "Cognito: without groups, a group is no role",
    cognito(),
    cognitoUser,
    {},
    { roles: [], groups: ["editors", "Administrators"] },
  ],
  [
    "Cognito: the colon leads nowhere, and roles of AWS are none of yours",
    cognito({ groups: { editors: "editor" } }),
    cognitoUser,
    {
      "cognito:groups": undefined,
      cognito: { groups: ["editors"] },
      "cognito:roles": ["editors"],
    },
    { roles: [], groups: [] },
  ],
  [
    "Cognito: a machine is its own subject",
    cognito(),
    cognitoUser,
    { sub: "3n4b5urk1ft4fl3mg5e62d9ado", "cognito:groups": undefined },
    { kind: "service", groups: [] },
  ],
  [
    "Okta: scp as a text is split, and scope is not read",
    okta(),
    oktaUser,
    { scp: "a b", scope: "c" },
    { scopes: ["a", "b"] },
  ],
  [
    "Okta: another claim with groups",
    okta({ groupsClaim: "app.groups", groups: { staff: "viewer" } }),
    oktaUser,
    { "app.groups": ["staff"] },
    { roles: ["viewer"], groups: ["staff"] },
  ],
  [
    "Okta: a machine is its own subject",
    okta(),
    oktaUser,
    { sub: "0oa15d4jr5oIR5Eel698" },
    { kind: "service" },
  ],
  [
    "Firebase: a flag that the app does not list is no role",
    firebase({ roles: "owner" }),
    firebaseUser,
    { owner: undefined },
    { roles: [], undetermined: [] },
  ],
  [
    "Firebase: only true is true",
    firebase({ roles: ["admin", "editor"] }),
    firebaseUser,
    { admin: "true", editor: 1 },
    { roles: [], undetermined: ["roles"] },
  ],
  [
    "Firebase: a claim with roles",
    firebase({ rolesClaim: "roles" }),
    firebaseUser,
    {},
    { roles: ["editor"] },
  ],
  ["Firebase: nothing is a role by default", firebase(), firebaseUser, {}, { roles: [] }],
  [
    "Firebase: nobody has logged in",
    firebase(),
    firebaseUser,
    { firebase: { sign_in_provider: "anonymous" } },
    { kind: "anonymous" },
  ],
  ["IAP: no level is a role by default", googleIap(), iapUser, {}, { roles: [], groups: [LEVEL] }],
  ["IAP: no levels", googleIap(), iapUser, { google: undefined }, { groups: [], undetermined: [] }],
  [
    "IAP: a service account",
    googleIap(),
    iapUser,
    { email: "cron@shop-3f2a1.iam.gserviceaccount.com" },
    { kind: "service" },
  ],
  [
    "IAP: an address that only looks like one of a service account",
    googleIap(),
    iapUser,
    { email: "alice@gserviceaccount.com.example" },
    { kind: "user" },
  ],
  [
    "Zitadel: a role in another organization does not count",
    zitadel({ orgId: PARTNER }),
    zitadelUser,
    {},
    { roles: ["editor", "admin"] },
  ],
  [
    "Zitadel: the roles of a project are those of no other",
    zitadel({ orgId: HOME, projectId: "69234237810729019" }),
    zitadelUser,
    {},
    { roles: ["viewer"] },
  ],
  [
    "Zitadel: a list around the roles, as its page shows",
    zitadel({ orgId: HOME }),
    zitadelUser,
    { "urn:zitadel:iam:org:project:roles": [{ editor: { [HOME]: "a" } }, { admin: { x: "b" } }] },
    { roles: ["editor"], undetermined: [] },
  ],
  [
    "Zitadel: roles without organizations say nothing",
    zitadel({ orgId: HOME }),
    zitadelUser,
    { "urn:zitadel:iam:org:project:roles": ["editor"] },
    { roles: [], undetermined: ["roles"] },
  ],
  [
    "Clerk: no organization is active",
    clerk(),
    clerkV2,
    { o: undefined },
    { roles: [], permissions: [], tenant: undefined, undetermined: [] },
  ],
  [
    "Clerk: permissions that cannot be decoded are not none",
    clerk(),
    clerkV2,
    { o: { id: "org_123", rol: "admin", per: "read", fpm: "x" } },
    { roles: ["org:admin"], permissions: [], undetermined: ["permissions"] },
  ],
  ["Clerk: the login is not finished", clerk(), clerkV2, { sts: "pending" }, { kind: "anonymous" }],
  ["Supabase: the login", supabase(), supabaseUser, {}, { acr: "aal1", amr: ["password"] }],
  [
    "Supabase: a second factor",
    supabase(),
    supabaseUser,
    {
      aal: "aal2",
      amr: [{ method: "totp", timestamp: 2 }, { method: "password", timestamp: 1 }, "otp"],
    },
    { acr: "aal2", amr: ["totp", "password", "otp"], authTime: undefined },
  ],
  [
    "Supabase: a list of methods that nobody can read has none",
    supabase(),
    supabaseUser,
    { aal: 2, amr: [{ method: "password" }, { name: "totp" }] },
    { acr: undefined, amr: [] },
  ],
  [
    "Firebase: no second factor",
    firebase(),
    firebaseUser,
    {},
    { acr: undefined, amr: [], authTime: 1767225500 },
  ],
  [
    "Firebase: a second factor",
    firebase(),
    firebaseUser,
    { firebase: { sign_in_provider: "password", sign_in_second_factor: "totp" } },
    { amr: ["mfa", "totp"] },
  ],
  [
    "Clerk: the first factor, no more recent than it may be",
    clerk(),
    clerkV2,
    {},
    { acr: undefined, amr: [], authTime: 1767225600 - 8 * 60 },
  ],
  ["Clerk: a second factor", clerk(), clerkV2, { fva: [7, 90] }, { amr: ["mfa"] }],
  ["Clerk: no factor", clerk(), clerkV2, { fva: [-1, -1] }, { amr: [], authTime: undefined }],
  ["Clerk: no ages", clerk(), clerkV2, { fva: ["7", true] }, { amr: [], authTime: undefined }],
  [
    "no other issuer has methods in objects, or the ages of factors",
    rfc9068(),
    supabaseUser,
    { fva: [1, 1], firebase: { sign_in_second_factor: "totp" } },
    { acr: undefined, amr: [], authTime: undefined },
  ],
  [
    "Supabase: what users write themselves is no role",
    supabase(),
    supabaseUser,
    { app_metadata: { provider: "email" } },
    { roles: [] },
  ],
  [
    "Supabase: an anonymous sign-in is no user",
    appMetadata,
    supabaseUser,
    { is_anonymous: true },
    { kind: "anonymous" },
  ],
  [
    "Supabase: whatever is not clearly a login is none",
    appMetadata,
    supabaseUser,
    { is_anonymous: "false" },
    { kind: "anonymous" },
  ],
  ["Supabase: anon", supabase(), supabaseUser, { role: "anon" }, { kind: "anonymous" }],
  ["Supabase: service", supabase(), supabaseUser, { role: "service_role" }, { kind: "service" }],
  [
    "Supabase: the role in Postgres is none of yours",
    supabase(),
    supabaseUser,
    { role: "admin" },
    { roles: [] },
  ],
  [
    "WorkOS: what was paid for is no permission",
    workos(),
    workosUser,
    { permissions: undefined, role: undefined, roles: undefined },
    { roles: [], permissions: [], groups: [] },
  ],
  [
    "Duende: scopes in one text",
    duende(),
    duendeUser,
    { scope: "openid orders.read", role: "editor" },
    { scopes: ["openid", "orders.read"], roles: ["editor"] },
  ],
  [
    "Duende: a client without a user",
    duende(),
    duendeUser,
    { sub: undefined, role: undefined },
    { kind: "service", roles: [] },
  ],
  [
    "authentik: without groups, a group is no role",
    authentik(),
    authentikUser,
    {},
    { roles: [], groups: ["orders editors", "authentik Admins"] },
  ],
];

describe("a preset", () => {
  it.each(TRAPS)("%s", (_title, mapping, sample, change, expected) => {
    expect(principalOf(mapping, sample, change)).toMatchObject(expected);
  });

  const all: readonly (readonly [
    name: string,
    mapping: ClaimMapping,
    claim: string | undefined,
  ])[] = [
    ["auth0", auth0({ rolesClaim: ROLES }), ROLES],
    ["entra", entra(), "roles"],
    ["firebase", firebase({ rolesClaim: "roles" }), "roles"],
    ["supabase", supabase({ rolesClaim: "user_role" }), "user_role"],
    ["workos", workos(), "roles"],
    ["duende", duende(), "role"],
    ["cognito", cognito({ groups: { admin: "admin" } }), "cognito:groups"],
    ["okta", okta({ groups: { admin: "admin" } }), "groups"],
    ["authentik", authentik({ groups: { admin: "admin" } }), "groups"],
    ["entra, with groups", entra({ groups: { admin: "admin" } }), "groups"],
    ["googleIap", googleIap({ accessLevels: { admin: "admin" } }), undefined],
    ["zitadel", zitadel({ orgId: HOME }), undefined],
    ["clerk", clerk(), undefined],
  ];

  it.each(all)(
    "%s finds no admin in administrator, and knows no other form",
    (_name, mapping, claim) => {
      if (claim === undefined) return;
      for (const value of ["administrator", ["administrator"], "admin user", "admin,user", []])
        expect(toPrincipal(mapping, { [claim]: value }).roles).not.toContain("admin");
      expect(toPrincipal(mapping, { [claim]: ["admin"] }).roles).toContain("admin");
      for (const value of [1, true, { admin: true }, [["admin"]], [1]]) {
        const { roles, undetermined } = toPrincipal(mapping, { [claim]: value });
        expect([roles, undetermined.includes("roles")]).toEqual([[], true]);
      }
    },
  );

  it.each(all)("%s is frozen, and takes nothing from a token without claims", (_name, mapping) => {
    expect(Object.isFrozen(mapping)).toBe(true);
    for (const value of Object.values(mapping)) {
      if (typeof value === "object") expect(Object.isFrozen(value)).toBe(true);
    }
    expect(toPrincipal(mapping, {})).toMatchObject(EMPTY);
  });

  it.each(all)("%s gives nobody a role through what users write themselves", (_name, mapping) => {
    const own = { role: "admin", roles: ["admin"] };
    const claims = {
      user_metadata: own,
      unsafe_metadata: own,
      public_metadata: own,
      metadata: own,
    };
    expect(toPrincipal(mapping, claims)).toMatchObject(EMPTY);
  });
});

describe("the options of a preset", () => {
  it.each<[create: () => unknown, problem: string]>([
    [
      () => auth0({ namespace: "x" } as never),
      'auth0 must not have an option "namespace": write rolesClaim, the whole name',
    ],
    [
      () => auth0({ rolesClaim: "" }),
      "auth0.rolesClaim must be a non-empty string, got an empty string",
    ],
    [() => entra({ groups: ["a"] as never }), "entra.groups must be an object such as"],
    [() => entra({ groups: {} }), "got an empty object"],
    [
      () => entra({ groups: { [EDITORS]: "" } }),
      "entra.groups must hold non-empty strings, got an empty string, in entry 1",
    ],
    [
      () => entra({ directoryRoles: { a: [] } }),
      'entra.directoryRoles must name at least one, in entry "a"',
    ],
    [() => cognito({ groups: "editors" as never }), "cognito.groups must be an object such as"],
    [
      () => okta({ groupsClaim: ["groups"] as never }),
      "okta.groupsClaim must be a non-empty string, got a list of 1",
    ],
    [
      () => firebase({ roles: [] }),
      "firebase.roles must be a non-empty string or a list of them, got an empty list",
    ],
    [
      () => firebase({ roles: ["admin", "email_verified"] }),
      "firebase.roles[1] must be a custom claim: users write their profile themselves",
    ],
    [() => firebase({ rolesClaim: "name" }), "firebase.rolesClaim must be a custom claim"],
    [() => googleIap({ accessLevels: {} }), "googleIap.accessLevels must be an object such as"],
    [
      () => zitadel({} as never),
      "zitadel.orgId must be a non-empty string, got undefined: it is required",
    ],
    [
      () => (zitadel as () => unknown)(),
      "zitadel.orgId must be a non-empty string, got undefined: it is required",
    ],
    [
      () => zitadel({ orgId: HOME, projectId: "" }),
      "zitadel.projectId must be a non-empty string, got an empty string",
    ],
    [
      () => supabase({ rolesClaim: ["user_metadata", "role"] }),
      "supabase.rolesClaim must not be in user_metadata: every user could become an administrator",
    ],
    [() => supabase({ rolesClaim: "user_metadata" }), "must not be in user_metadata"],
    [
      () => supabase({ rolesClaim: [] }),
      "supabase.rolesClaim must be a claim name or a list of them",
    ],
    [
      () => authentik({ groups: { a: undefined } as never }),
      'authentik.groups must hold non-empty strings, got undefined, in entry "a"',
    ],
    [() => (entra as (o: unknown) => unknown)(null), "entra must be an options object, got null"],
  ])("are checked: %s", (create, problem) => {
    expect(create).toThrow(problem);
  });

  it("are not seen later", () => {
    const groups: Record<string, string> = { a: "viewer" };
    const mapping = cognito({ groups });
    groups["b"] = "admin";
    expect(toPrincipal(mapping, { "cognito:groups": ["a", "b"] }).roles).toEqual(["viewer"]);
  });
});
