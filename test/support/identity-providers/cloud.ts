import type { Provider } from "./provider.js";

const AUTH0 = "https://shop.eu.auth0.com/";
const SPA = "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja";

export const AUTH0_TENANT: Provider = {
  heading: "Auth0",
  documents: (jwk) => ({
    [`${AUTH0}.well-known/openid-configuration`]: {
      issuer: AUTH0,
      authorization_endpoint: `${AUTH0}authorize`,
      token_endpoint: `${AUTH0}oauth/token`,
      jwks_uri: `${AUTH0}.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ["HS256", "RS256", "PS256"],
    },
    [`${AUTH0}.well-known/jwks.json`]: {
      keys: [{ ...jwk, alg: "RS256", use: "sig", x5t: "RsMTZWQ1", x5c: ["MIIDBzCCAe+gAwIBAgIJ"] }],
    },
  }),
  principal: {
    kind: "user",
    subject: "auth0|6553da60a54af58e29493993",
    clientId: SPA,
    tenant: "org_9ybsU1dN2dKfDkBi",
    scopes: ["openid", "profile", "read:orders"],
    permissions: ["read:orders", "create:orders"],
    roles: ["editor"],
  },
  accepted: {
    "a token of a machine": {
      payload: {
        sub: `${SPA}@clients`,
        aud: "https://api.example.com",
        gty: "client-credentials",
        scope: "read:orders",
        org_id: undefined,
      },
      principal: { kind: "service", clientId: SPA, scopes: ["read:orders"], tenant: undefined },
    },
    "a token of the RFC 9068 profile": {
      header: { typ: "at+jwt" },
      payload: { azp: undefined, client_id: SPA, jti: "73WakrfVbNJBaAmhQtEeDv" },
      configuration: [["principal: auth0", 'profile: "rfc9068",\n    principal: auth0']],
      principal: { kind: "user", clientId: SPA, roles: ["editor"] },
    },
  },
  refused: {
    "the encrypted token that a client gets when it asks for no `audience`": {
      // {"alg":"dir","enc":"A256GCM","iss":"https://shop.eu.auth0.com/"}, no key, and the rest
      text: "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiaXNzIjoiaHR0cHM6Ly9zaG9wLmV1LmF1dGgwLmNvbS8ifQ..cm5JXzNsXzE.Y2lwaGVydGV4dA.dGFnX3RhZ190YWdfdGFn",
    },
    "the old form of it, a short random text": { text: "KBSxkmGOcpA6cg" },
    "the ID token": { payload: { aud: SPA, scope: undefined, nonce: "4711", sid: "k3yD" } },
    "a token for another API of the tenant": { payload: { aud: "https://billing.example.com" } },
    "a token of another tenant": { payload: { iss: "https://other.eu.auth0.com/" } },
    "a token signed with HS256, which the API had as its signing algorithm": {
      header: { alg: "HS256", kid: undefined },
    },
  },
};

const POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI";
const APP = "3n4b5urk1ft4fl3mg5e62d9ado";

export const COGNITO: Provider = {
  heading: "Amazon Cognito",
  documents: (jwk) => ({
    [`${POOL}/.well-known/openid-configuration`]: {
      authorization_endpoint: "https://shop.auth.eu-central-1.amazoncognito.com/oauth2/authorize",
      id_token_signing_alg_values_supported: ["RS256"],
      issuer: POOL,
      jwks_uri: `${POOL}/.well-known/jwks.json`,
      token_endpoint: "https://shop.auth.eu-central-1.amazoncognito.com/oauth2/token",
    },
    [`${POOL}/.well-known/jwks.json`]: { keys: [{ alg: "RS256", ...jwk, use: "sig" }] },
  }),
  principal: {
    kind: "user",
    clientId: APP,
    scopes: ["openid", "orders/read"],
    roles: ["editor"],
  },
  accepted: {
    "a token of a machine": {
      payload: {
        sub: APP,
        "cognito:groups": undefined,
        origin_jti: undefined,
        event_id: undefined,
        username: undefined,
        scope: "orders/read",
      },
      principal: { kind: "service", clientId: APP, scopes: ["orders/read"], roles: [] },
    },
    "a token that is bound to a resource": {
      payload: { aud: "https://api.example.com" },
      configuration: [["audience: null", 'audience: "https://api.example.com"']],
      principal: { clientId: APP, roles: ["editor"] },
    },
  },
  refused: {
    "the ID token": {
      payload: {
        token_use: "id",
        aud: APP,
        client_id: undefined,
        scope: undefined,
        at_hash: "jyQ9vTDG0SeD3aTCqJy4LQ",
        "cognito:username": "alice",
      },
    },
    "a token of another app client": { payload: { client_id: "617jkna9pqeg8rmgtg9uv4e6j4" } },
    "a token of another pool": {
      payload: { iss: "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_JkLmNoPqR" },
    },
    "the refresh token": {
      // An encrypted token: {"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"} and four more parts
      text: "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ.a2V5.aXY.Y2lwaGVydGV4dA.dGFn",
    },
    "a token of an identity pool": {
      header: { typ: "JWS", alg: "RS512", kid: "eu-central-15" },
      payload: { iss: "https://cognito-identity.amazonaws.com", token_use: undefined },
    },
  },
};

const FIREBASE_KEYS =
  "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

export const FIREBASE: Provider = {
  heading: "Firebase",
  documents: (jwk) => ({ [FIREBASE_KEYS]: { keys: [{ ...jwk, alg: "RS256", use: "sig" }] } }),
  principal: {
    kind: "user",
    subject: "VOoQVBed3mVvvh1VueFYYzN85Ts1",
    clientId: undefined,
    tenant: undefined,
    roles: ["editor"],
  },
  accepted: {
    "a token of a tenant of Identity Platform, by anonymous sign-in": {
      payload: {
        roles: undefined,
        provider_id: "anonymous",
        email: undefined,
        firebase: { identities: {}, sign_in_provider: "anonymous", tenant: "acme-6d8f4" },
      },
      principal: { kind: "anonymous", tenant: "acme-6d8f4", roles: [] },
    },
  },
  refused: {
    "a token of another project": {
      payload: { iss: "https://securetoken.google.com/other-1", aud: "other-1" },
    },
    "a custom token, with which a client logs in": {
      header: { kid: undefined },
      payload: {
        iss: "firebase-adminsdk-x1@shop-3f2a1.iam.gserviceaccount.com",
        aud: "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit",
      },
    },
    "a session cookie": { payload: { iss: "https://session.firebase.google.com/shop-3f2a1" } },
    "a token of the emulator, which has no signature": {
      // {"alg":"none","typ":"JWT"}, the claims, and nothing behind the last dot
      text: "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL3NlY3VyZXRva2VuLmdvb2dsZS5jb20vc2hvcC0zZjJhMSJ9.",
    },
  },
};

const ACCOUNT = "104477641821643740620";
const GCLOUD = "32555940559.apps.googleusercontent.com";

export const GOOGLE: Provider = {
  heading: "Google: service accounts",
  documents: (jwk) => ({
    "https://accounts.google.com/.well-known/openid-configuration": {
      issuer: "https://accounts.google.com",
      authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
      token_endpoint: "https://oauth2.googleapis.com/token",
      jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
      id_token_signing_alg_values_supported: ["RS256"],
    },
    "https://www.googleapis.com/oauth2/v3/certs": {
      keys: [
        { ...jwk, kid: "7d334497506acb74cdeedaa66184d15547f83693", alg: "RS256", use: "sig" },
        { ...jwk, alg: "RS256", use: "sig" },
      ],
    },
  }),
  principal: { kind: "service", subject: ACCOUNT, clientId: ACCOUNT, scopes: [], roles: [] },
  refused: {
    "a token of another service account": {
      payload: {
        azp: "118116452377014095702",
        sub: "118116452377014095702",
        email: "anybody@another-customer.iam.gserviceaccount.com",
      },
    },
    "a token for another service": { payload: { aud: "https://billing-abc123-ew.a.run.app" } },
    "a token of a user from `gcloud auth print-identity-token`": {
      payload: { azp: GCLOUD, aud: GCLOUD, at_hash: "nU3zyQoOaXDIcXxBmb_LdQ" },
    },
    "an access token of Google": {
      text: "ya29.a0Ad52N3_ffqwurrIYBQB218W4YberJjNPCQgSStxBlnXQVH0B8p",
    },
    "a token with the old spelling of the issuer": { payload: { iss: "accounts.google.com" } },
  },
};

export const IAP: Provider = {
  heading: "Google: Identity-Aware Proxy",
  field: "X-Goog-IAP-JWT-Assertion",
  documents: (jwk) => ({
    "https://www.gstatic.com/iap/verify/public_key-jwk": {
      keys: [{ ...jwk, alg: "ES256", use: "sig" }],
    },
  }),
  principal: {
    kind: "user",
    subject: "accounts.google.com:118116452377014095702",
    issuer: "https://cloud.google.com/iap",
    roles: ["managed-device"],
    tenant: "example.com",
  },
  refused: {
    "a token for another backend": {
      payload: { aud: "/projects/123456789012/global/backendServices/1" },
    },
    "a forged token": { forged: true },
    "no token": { text: "" },
  },
};
