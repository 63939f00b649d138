import { describe, expect, it } from "vitest";
import {
  auditLog,
  fileSink,
  jsonBody,
  oauthGuard,
  principalFrom,
  rateLimit,
  requireRole,
  requireScope,
  secureHeaders,
} from "../../src/index.js";

type Row = readonly [where: string, create: (text: string) => unknown];

const unset = process.env["EXPRESS_SECURE_API_NOT_SET"];
const API = "https://api.example.com";
const IDP = "https://idp.example.com/";
const SECRET = "hJb3vQmZ8sXk2LrT5wYp9CdF6gNaE1uV";
const guard = (options: object) => oauthGuard(options as never);

const URLS: readonly Row[] = [
  ["issuer", (issuer) => guard({ issuer, audience: API })],
  [
    "issuer beside a secret",
    (issuer) => guard({ issuer, audience: API, secret: SECRET, anyTokenType: true }),
  ],
  ["issuer of an entry", (issuer) => guard({ issuer: [{ issuer, audience: API }] })],
  ["jwksUri", (jwksUri) => guard({ issuer: IDP, audience: API, jwksUri })],
  ["discovery", (discovery) => guard({ issuer: IDP, audience: API, discovery })],
  ["audience", (audience) => guard({ issuer: IDP, audience })],
  ["cors.origins", (origin) => secureHeaders({ cors: { origins: origin.replace(/\/$/, "") } })],
];

const NAMES: readonly Row[] = [
  ["audience", (audience) => guard({ issuer: IDP, audience })],
  ["audience in a list", (audience) => guard({ issuer: IDP, audience: [API, audience] })],
  ["clientIds", (id) => guard({ issuer: IDP, audience: null, clientIds: id })],
  ["scopes", (scopes) => guard({ issuer: IDP, audience: API, scopes })],
  ["realm", (realm) => guard({ issuer: IDP, audience: API, realm })],
  [
    "issuer beside a secret",
    (issuer) => guard({ issuer, audience: API, secret: SECRET, anyTokenType: true }),
  ],
  ["a role", (role) => requireRole("admin", role)],
  ["a scope", (scope) => requireScope(scope)],
  ["the name of a policy", (name) => rateLimit({ limit: 1, window: "1m", name })],
  ["match", (path) => rateLimit({ limit: 1, window: "1m", match: `/${path}/login` })],
  ["except of jsonBody", (path) => jsonBody({ except: `/${path}` })],
  ["a header field", (name) => principalFrom.header({ name, trustedPeers: "loopback" })],
  [
    "a source in the content security policy",
    (text) =>
      secureHeaders({
        helmet: { contentSecurityPolicy: { directives: { "connect-src": [`https://${text}`] } } },
      }),
  ],
  ["the path of a file", (path) => fileSink({ path })],
  ["the name of a service", (name) => auditLog({ service: { name } })],
];

describe("a text that a variable was put into which is not set", () => {
  it.each(URLS)("is no %s", (_where, create) => {
    for (const text of [
      `https://${unset}/`,
      `https://${null}/`,
      `https://${{}}/`,
      `https://${unset}.example.com/`,
      `https://${null}.eu.example.com/`,
      `https://idp-${unset}.example.com/`,
      `https://idp.example.com/realms/${unset}/`,
      `https://idp.example.com/${null}`,
      `https://idp.example.com:${unset}/`,
    ]) {
      expect(() => create(text), text).toThrow(/ must /);
    }
  });

  it.each(NAMES)("is no %s", (_where, create) => {
    for (const text of [`${unset}`, `${{}}`, `${unset}-api`, `orders.${unset}`]) {
      expect(() => create(text), text).toThrow(/ must /);
    }
  });

  it.each([
    ["audience", () => guard({ issuer: IDP, audience: `${null}` })],
    ["role", () => requireRole(`${null}`)],
    ["limit name", () => rateLimit({ limit: 1, window: "1m", name: `${Number.NaN}` })],
  ])("is no %s when it is all of it", (_where, create) => {
    expect(create).toThrow('such as "undefined": is the variable set?');
  });

  it.each([
    `${unset}${unset}${unset}${unset}`,
    `${unset}-secret-of-the-api-that-is-long-enough`,
    `${{}}${{}}${{}}`,
  ])("is no secret: %s", (secret) => {
    expect(() => guard({ issuer: IDP, audience: API, secret })).toThrow(
      "oauthGuard.secret must be filled in",
    );
  });

  it.each([`/v${unset}/login`, `POST /${null}/login`, `/a/${Number.NaN}`, `/v${unset}/*`])(
    "is no pattern of paths: %s",
    (pattern) => {
      const limit = () => rateLimit({ limit: 1, window: "1m", match: pattern });
      expect(limit).toThrow('such as "undefined": is the variable set?');
      expect(() => jsonBody({ except: pattern })).toThrow(/ must not hold /);
    },
  );

  it("is told apart from names that only look like it", () => {
    expect(() => {
      requireRole("undefinable", "nullable", "null-island", "annulled", "NaNo");
      guard({ issuer: "https://nullable.example.com/", audience: "https://annull.example/" });
      guard({ issuer: "https://null.example/", audience: API });
      secureHeaders({ cors: { origins: ["https://null-island.example", "https://nan.example"] } });
      auditLog({ sinks: [fileSink({ path: "/dev/null" })] });
    }).not.toThrow();
  });
});

describe("options of fetching keys that are never fetched", () => {
  const jwks = { keys: [] };
  const keys = { maxAge: "5m" };
  const effect = "oauthGuard.keys has no effect beside secret, publicKey or a jwks";

  it.each<[string, object]>([
    ["a secret", { issuer: IDP, audience: API, secret: SECRET, anyTokenType: true }],
    ["a public key", { issuer: IDP, audience: API, publicKey: "-----BEGIN PUBLIC KEY-----" }],
    ["a key set", { issuer: IDP, audience: API, jwks }],
    [
      "an entry with a secret",
      { issuer: { issuer: IDP, audience: API, secret: SECRET, anyTokenType: true } },
    ],
    [
      "entries with static keys only",
      {
        issuer: [
          { issuer: IDP, audience: API, secret: SECRET, anyTokenType: true },
          { issuer: "https://b.example/", audience: API, jwks },
        ],
      },
    ],
  ])("have no effect beside %s", (_what, options) => {
    expect(() => guard({ ...options, keys })).toThrow(effect);
    expect(() => guard({ ...options, keys: {} })).toThrow(effect);
  });

  it.each<[string, object]>([
    ["discovery", { issuer: IDP, audience: API }],
    ["jwksUri", { issuer: IDP, audience: API, jwksUri: "https://idp.example.com/keys" }],
    ["a function, which has a timeout", { issuer: IDP, audience: API, jwks: () => jwks }],
    [
      "one entry of two that fetches",
      {
        issuer: [
          { issuer: IDP, audience: API, secret: SECRET, anyTokenType: true },
          { issuer: "https://b.example/", audience: API },
        ],
      },
    ],
  ])("are taken beside %s", (_what, options) => {
    expect(() => guard({ ...options, keys })).not.toThrow();
  });

  it("are no second problem where two sources of keys stand", () => {
    const create = () => guard({ issuer: IDP, audience: API, secret: SECRET, jwks, keys });
    expect(create).toThrow("must not stand beside");
    expect(create).not.toThrow(effect);
  });
});
