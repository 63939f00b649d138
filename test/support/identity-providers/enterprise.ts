import type { OtherToken, Provider, PublicJwk } from "./provider.js";

const TENANT = "0f4c1f5e-8d2b-4f1b-9a37-5d1e2c3b4a59";
const OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const LOGIN = "https://login.microsoftonline.com";
const V1_ISSUER = `https://sts.windows.net/${TENANT}/`;
const V2_ISSUER = `${LOGIN}/${TENANT}/v2.0`;
const CLIENT = "5b32b30f-a6f1-4d22-9a4b-3c8d9c1e1f11";
const GRAPH = "00000003-0000-0000-c000-000000000000";

const MANY_GROUPS: OtherToken = {
  payload: {
    groups: Array.from(
      { length: 200 },
      (_, at) => `9e2b1f6c-7a4d-4e0b-8c35-${at + 100_000_000_000}`,
    ),
  },
};

/** Signed over the hash of this nonce, which is not what is sent. */
const FOR_GRAPH: OtherToken = {
  header: { nonce: "AQABAAAAAABnfiG-mA6NTae7CdWW7QfdAALzDWjw6qSn4GUDfxWzJDZ6lk9qRw4An" },
  payload: { aud: GRAPH, scp: "User.Read", iss: V1_ISSUER },
  forged: true,
};

/** Entra ID states no algorithm in its keys, and more than RFC 7517 knows. */
function entraKeys(jwk: PublicJwk, issuer: string): object {
  const { kid } = jwk;
  const shared = {
    kty: "RSA",
    use: "sig",
    x5t: kid,
    x5c: ["MIIC/TCCAeWgAwIBAgIIUd7j/OIahkYwDQYJ"],
  };
  return {
    keys: [{ ...jwk, ...shared, cloud_instance_name: "microsoftonline.com", issuer }],
  };
}

export const ENTRA_V2: Provider = {
  heading: "Entra ID: v2 tokens",
  documents: (jwk) => ({
    [`${V2_ISSUER}/.well-known/openid-configuration`]: {
      token_endpoint: `${LOGIN}/${TENANT}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
      jwks_uri: `${LOGIN}/${TENANT}/discovery/v2.0/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      issuer: V2_ISSUER,
      userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
      authorization_endpoint: `${LOGIN}/${TENANT}/oauth2/v2.0/authorize`,
      tenant_region_scope: "EU",
      cloud_instance_name: "microsoftonline.com",
    },
    [`${LOGIN}/${TENANT}/discovery/v2.0/keys`]: entraKeys(jwk, V2_ISSUER),
  }),
  principal: {
    kind: "user",
    subject: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
    clientId: CLIENT,
    tenant: TENANT,
    scopes: ["Orders.Read", "Orders.Write"],
    roles: ["Orders.Editor"],
  },
  accepted: {
    "a token of an app": {
      payload: {
        scp: undefined,
        name: undefined,
        preferred_username: undefined,
        azpacr: "1",
        idtyp: "app",
        roles: ["Orders.Read.All"],
        sub: "690222be-ff1a-4d56-abd1-7e4f7d38e474",
      },
      principal: { kind: "service", clientId: CLIENT, scopes: [], roles: ["Orders.Read.All"] },
    },
    "a token of an app, to an API without the optional claim idtyp": {
      payload: { scp: undefined, azpacr: "1", roles: ["Orders.Read.All"] },
      principal: { kind: "service", scopes: [], roles: ["Orders.Read.All"] },
    },
    "a token of a user in more than 200 groups, which are elsewhere": {
      payload: { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "x" } } },
      principal: { kind: "user", roles: ["Orders.Editor"], groups: [], undetermined: ["groups"] },
    },
    "a token of a user in 200 groups, with a larger maxTokenSize": {
      ...MANY_GROUPS,
      configuration: [["audience:", 'maxTokenSize: "16kb",\n    audience:']],
      principal: { kind: "user", roles: ["Orders.Editor"] },
    },
  },
  refused: {
    "a v1 token of the same tenant": { payload: { iss: V1_ISSUER, ver: "1.0" } },
    "a token of another tenant": { payload: { iss: `${LOGIN}/${OTHER_TENANT}/v2.0` } },
    "a token for Microsoft Graph, with the issuer of v1": FOR_GRAPH,
    "the ID token of the client": { payload: { aud: CLIENT, nonce: "678910", scp: undefined } },
    "a token for another API of the tenant": {
      payload: { aud: "f7b1b5d3-0a2c-4b57-8a52-0d4b6a1c7e90" },
    },
    "a token of a user in 200 groups": MANY_GROUPS,
  },
};

export const ENTRA_V1: Provider = {
  heading: "Entra ID: v1 tokens",
  documents: (jwk) => ({
    [`${LOGIN}/${TENANT}/.well-known/openid-configuration`]: {
      token_endpoint: `${LOGIN}/${TENANT}/oauth2/token`,
      jwks_uri: `${LOGIN}/common/discovery/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      issuer: V1_ISSUER,
      microsoft_multi_refresh_token: true,
      authorization_endpoint: `${LOGIN}/${TENANT}/oauth2/authorize`,
      cloud_instance_name: "microsoftonline.com",
    },
    [`${LOGIN}/common/discovery/keys`]: entraKeys(jwk, `${LOGIN}/{tenantid}/v2.0`),
  }),
  principal: {
    kind: "user",
    clientId: CLIENT,
    tenant: TENANT,
    scopes: ["Orders.Read", "Orders.Write"],
    roles: ["Orders.Editor"],
    amr: ["pwd", "mfa"],
  },
  accepted: {
    "a token of an app": {
      payload: { scp: undefined, amr: undefined, upn: undefined, appidacr: "1", idtyp: "app" },
      principal: { kind: "service", clientId: CLIENT, scopes: [] },
    },
    "a token of an app, to an API without the optional claim idtyp": {
      payload: { scp: undefined, amr: undefined, upn: undefined, appidacr: "1" },
      principal: { kind: "service", clientId: CLIENT, scopes: [] },
    },
  },
  refused: {
    "a token for Microsoft Graph": FOR_GRAPH,
    "a v2 token of the same tenant": { payload: { iss: V2_ISSUER, ver: "2.0" } },
    "a token of another tenant": { payload: { iss: `https://sts.windows.net/${OTHER_TENANT}/` } },
    "a token for another API of the tenant": { payload: { aud: "api://billing" } },
    "the token, if the issuer is written without its last slash": {
      configuration: [[`issuer: "${V1_ISSUER}"`, `issuer: "${V1_ISSUER.slice(0, -1)}"`]],
    },
  },
};

const OKTA = "https://example.okta.com";

/** Metadata of Okta: the org server, or a custom one below it. */
function oktaMetadata(issuer: string, path: string): object {
  return {
    issuer,
    authorization_endpoint: `${path}/v1/authorize`,
    token_endpoint: `${path}/v1/token`,
    jwks_uri: `${path}/v1/keys`,
    scopes_supported: ["openid", "profile", "offline_access"],
    id_token_signing_alg_values_supported: ["RS256"],
  };
}

export const OKTA_SERVER: Provider = {
  heading: "Okta",
  documents: (jwk) => ({
    [`${OKTA}/oauth2/default/.well-known/openid-configuration`]: oktaMetadata(
      `${OKTA}/oauth2/default`,
      `${OKTA}/oauth2/default`,
    ),
    [`${OKTA}/oauth2/default/v1/keys`]: { keys: [{ ...jwk, alg: "RS256", use: "sig" }] },
    [`${OKTA}/.well-known/openid-configuration`]: oktaMetadata(OKTA, `${OKTA}/oauth2`),
    // The keys of its ID tokens only.
    [`${OKTA}/oauth2/v1/keys`]: {
      keys: [
        { ...jwk, kid: "fAomAvsWyAWDlnBuJbHoqqCRcRdmsg4vri0OICxbIgs", alg: "RS256", use: "sig" },
      ],
    },
  }),
  principal: {
    kind: "user",
    subject: "alice@example.com",
    clientId: "0oa15d4jr5oIR5Eel698",
    scopes: ["openid", "orders.read"],
    roles: ["editor"],
    groups: ["Everyone", "orders-editors"],
  },
  accepted: {
    "a token of a machine": {
      payload: {
        sub: "0oa15d4jr5oIR5Eel698",
        uid: undefined,
        auth_time: undefined,
        groups: undefined,
        scp: ["orders.read"],
      },
      principal: { kind: "service", clientId: "0oa15d4jr5oIR5Eel698", scopes: ["orders.read"] },
    },
  },
  refused: {
    "a token of the org server": { payload: { iss: OKTA, aud: OKTA } },
    "a token of the org server, if that is the `issuer`": {
      header: { typ: "application/okta-internal-at+jwt" },
      payload: { iss: OKTA, aud: OKTA },
      configuration: [
        [`issuer: "${OKTA}/oauth2/default"`, `issuer: "${OKTA}"`],
        ['audience: "api://default"', `audience: "${OKTA}"`],
      ],
    },
    "a token of another authorization server": {
      payload: { iss: `${OKTA}/oauth2/aus104zseyg64swj3698` },
    },
    "the ID token": {
      payload: { aud: "0oa15d4jr5oIR5Eel698", at_hash: "fPlsvVszI29LU2UhDyJ9vg", scp: undefined },
    },
    "a token by the `-admin` domain": {
      payload: { iss: "https://example-admin.okta.com/oauth2/default" },
    },
  },
};

const REALM = "https://sso.example.com/realms/shop";
const BY_INTERNAL_NAME: OtherToken = { payload: { iss: "http://keycloak:8080/realms/shop" } };
const OTHER_REALM: OtherToken = { payload: { iss: "https://sso.example.com/realms/master" } };
const KEYCLOAK_PRINCIPAL = {
  kind: "user",
  clientId: "shop-web",
  scopes: ["openid", "profile", "orders:read"],
  roles: ["editor", "realm:default-roles-shop", "realm:offline_access"],
};
const ID_TOKEN = { typ: "ID", nonce: "n", at_hash: "x0b2v6SPiFNcHyhq7QMHtg" };

/** Keycloak publishes keys for encryption in the same set. */
function keycloakKeys(jwk: PublicJwk): object {
  const certificate = { x5c: ["MIICnTCCAYUCBgGN"], x5t: "kGOeRjEeCbmpCiQx", "x5t#S256": "Zxp5J5d" };
  return {
    keys: [
      { ...jwk, kid: "DJ3h5vw9kD5mB6w", alg: "RSA-OAEP", use: "enc", ...certificate },
      { ...jwk, alg: "RS256", use: "sig", ...certificate },
    ],
  };
}

export const KEYCLOAK: Provider = {
  heading: "Keycloak",
  documents: (jwk) => ({
    [`${REALM}/.well-known/openid-configuration`]: {
      issuer: REALM,
      authorization_endpoint: `${REALM}/protocol/openid-connect/auth`,
      token_endpoint: `${REALM}/protocol/openid-connect/token`,
      jwks_uri: `${REALM}/protocol/openid-connect/certs`,
      id_token_signing_alg_values_supported: ["PS384", "RS384", "EdDSA", "ES384", "HS256"],
    },
    [`${REALM}/protocol/openid-connect/certs`]: keycloakKeys(jwk),
  }),
  principal: KEYCLOAK_PRINCIPAL,
  accepted: {
    "a token of a service account": {
      payload: { azp: "nightly-report", client_id: "nightly-report", scope: "orders:read" },
      principal: { kind: "service", clientId: "nightly-report", scopes: ["orders:read"] },
    },
    "a token with the type of RFC 9068": {
      header: { typ: "at+jwt" },
      principal: KEYCLOAK_PRINCIPAL,
    },
    "a token of releases before 25, with a nonce": {
      payload: { nonce: "4711" },
      principal: KEYCLOAK_PRINCIPAL,
    },
  },
  refused: {
    "a token without the audience mapper": { payload: { aud: "account" } },
    "the ID token": { payload: { ...ID_TOKEN, aud: "shop-web" } },
    "the ID token of a client that has the audience mapper there, too": {
      payload: { ...ID_TOKEN, aud: ["orders-api", "shop-web"] },
    },
    "the refresh token": { header: { alg: "HS512" }, payload: { typ: "Refresh", aud: REALM } },
    "a token of another realm": OTHER_REALM,
    "a token that a client got by the internal name, without a fixed hostname": BY_INTERNAL_NAME,
    "a token that is bound by DPoP": {
      payload: { typ: "DPoP", cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } },
    },
  },
};

export const KEYCLOAK_INSIDE: Provider = {
  heading: "Keycloak: internal host",
  documents: (jwk) => ({
    "http://keycloak:8080/realms/shop/protocol/openid-connect/certs": keycloakKeys(jwk),
  }),
  principal: KEYCLOAK_PRINCIPAL,
  refused: {
    "a token that a client got by the internal name, without a fixed hostname": BY_INTERNAL_NAME,
    "a token of another realm": OTHER_REALM,
  },
};
