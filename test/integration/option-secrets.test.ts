import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { optionsAt, PLACES } from "../support/option-places.js";

/** A secret as it may stand in a wrong place, and the part of it that nobody may read. */
interface Secret {
  readonly value: string | number;
  readonly hidden: string;
}

const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
const PASSWORDS = [
  "zq9SECRETzq9",
  "correcthorsebattery",
  "deadbeefcafe0123",
  "k3/JxT9vQm2+pL8w=",
  TOKEN,
];
/** What surrounds a secret where it looks like something that options hold. */
const FRAMES: readonly ((secret: string) => string)[] = [
  (secret) => `/${secret}`,
  (secret) => `${secret}/`,
  (secret) => `GET ${secret}`,
  (secret) => `get /${secret}`,
  (secret) => `PSOT /${secret}`,
  (secret) => ` ${secret}`,
  (secret) => `${secret}\n`,
  (secret) => `${secret} x`,
  (secret) => `*.${secret}`,
  (secret) => `sec-${secret}`,
  (secret) => `https://user:${secret}@host.example`,
  (secret) => `https://host.example/?key=${secret}`,
  (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}`,
];
const SECRETS: readonly Secret[] = [
  ...PASSWORDS.map((value) => ({ value, hidden: value })),
  ...FRAMES.map((frame) => ({ value: frame("zq9SECRETzq9"), hidden: "zq9SECRETzq9" })),
  { value: "https://zq9SECRETzq9.example/", hidden: "zq9SECRETzq9" },
  { value: 91379137, hidden: "91379137" },
  { value: "91379137", hidden: "91379137" },
  { value: "9137zqsecre", hidden: "9137zqsecre" },
];
/** What can hold a secret. */
const SHAPES: readonly ((secret: string | number) => unknown)[] = [
  (secret) => secret,
  (secret) => [secret],
  (secret) => [secret, secret],
  (secret) => ({ [secret]: secret }),
  (secret) => [{ [secret]: 1 }],
  (secret) => () => secret,
  (secret) => Symbol(secret),
  (secret) => ({ kty: "oct", k: secret }),
  (secret) => ({ keys: [{ kty: "oct", k: secret, kid: secret }] }),
  (secret) => ({ "default-src": [secret], [secret]: [secret] }),
  (secret) => ({
    policy: secret,
    action: secret,
    directives: { [secret]: [], "img-src": [secret, ";"] },
  }),
];
const SCHEMAS: readonly ((secret: string | number) => unknown)[] = [
  (secret) => ({ type: secret }),
  (secret) => ({ $ref: secret }),
  (secret) => ({ type: "object", required: [secret, secret] }),
  (secret) => ({ type: "object", [secret]: 1 }),
  (secret) => ({ type: "object", properties: { a: { type: secret, pattern: `(${secret}` } } }),
  (secret) => ({ type: "string", pattern: `(${secret}` }),
  (secret) => ({ type: "string", format: secret }),
  (secret) => ({ enum: secret }),
];

/** Every run of eight characters, in any letter case. */
function runsOf(text: string): readonly string[] {
  const lower = text.toLowerCase();
  return Array.from({ length: lower.length - 7 }, (_, start) => lower.slice(start, start + 8));
}

function leaksOf(
  create: () => unknown,
  secret: Secret,
  isExempt: (problem: string) => boolean,
): readonly string[] {
  try {
    const made = create() as { close?: () => unknown } | undefined;
    if (typeof made?.close === "function") void made.close();
    return [];
  } catch (error) {
    const { problems } = error as library.OptionsError;
    const texts = problems ?? [String(error)];
    return texts.filter((text) => {
      const lower = text.toLowerCase();
      return runsOf(secret.hidden).some((run) => lower.includes(run)) && !isExempt(text);
    });
  }
}

/**
 * Numbers are printed where a number or a quantity is expected, hosts where an origin, a host or an issuer is, and paths of routes in
 * the error of a test about routes: none is secret there.
 */
function mayBePrinted({ value }: Secret): (problem: string) => boolean {
  return (problem) =>
    (typeof value === "number" &&
      / must be (?:a (?:whole )?number|a duration|a size) /.test(problem)) ||
    problem.startsWith("allow: /") ||
    (String(value).includes("://zq9") &&
      /\.(?:cors\.origins|crossOriginGuard\.origin|hosts|https\.host|issuer must)/.test(problem));
}

const FOLDER = mkdtempSync(join(tmpdir(), "option-secrets-"));

/** "a secret in the wrong place must not reach a log" */
describe("no eight characters of a secret are in the message when it stands", () => {
  it.each(Object.entries(PLACES))(
    "among %s",
    (type, place) => {
      const names = [...optionsAt(place).keys()];
      const leaks = new Set<string>();
      for (const secret of SECRETS) {
        const isExempt = mayBePrinted(secret);
        const look = (options: object): void => {
          for (const leak of leaksOf(() => place.create(options), secret, isExempt))
            leaks.add(leak);
        };
        look({ ...place.given, [secret.value]: true });
        for (const name of names) {
          // Any text is a path; the files would be made.
          if (type === "FileSinkOptions" && name === "path") {
            look({ path: join(FOLDER, "missing", String(secret.value)) });
            continue;
          }
          for (const shape of SHAPES) look({ ...place.given, [name]: shape(secret.value) });
        }
      }
      expect([...leaks]).toEqual([]);
      // Keys and certificates are parsed each time.
    },
    90_000,
  );

  it.each(["body", "query", "headers"])("in the schema of %s", (part) => {
    const leaks = SECRETS.flatMap((secret) =>
      SCHEMAS.flatMap((schema) =>
        leaksOf(
          () => library.validate({ [part]: schema(secret.value) } as never),
          secret,
          () => false,
        ),
      ),
    );
    expect(leaks).toEqual([]);
  });

  const helmetOptions = [
    ...optionsAt({
      path: "secureHeaders.helmet",
      create: (helmet) => library.secureHeaders({ helmet }),
    }).keys(),
  ];

  it.each(helmetOptions)("in helmet.%s", (name) => {
    const leaks = SECRETS.flatMap((secret) =>
      [
        "policy",
        "maxAge",
        "allow",
        "action",
        "permittedPolicies",
        "directives",
        "useDefaults",
      ].flatMap((key) =>
        SHAPES.flatMap((shape) =>
          leaksOf(
            () => library.secureHeaders({ helmet: { [name]: { [key]: shape(secret.value) } } }),
            secret,
            () => false,
          ),
        ),
      ),
    );
    expect(leaks).toEqual([]);
  });

  const { authorize, keycloak, requireRole, requireScope } = library;
  const functions: Readonly<Record<string, (value: never) => unknown>> = {
    secureApi: library.secureApi,
    oauthGuard: library.oauthGuard,
    createTokenVerifier: library.createTokenVerifier,
    rateLimit: library.rateLimit,
    secureHeaders: library.secureHeaders,
    formBody: library.formBody,
    jsonBody: library.jsonBody,
    structuralGuard: library.structuralGuard,
    validate: library.validate,
    auditLog: library.auditLog,
    errorHandler: library.errorHandler,
    keycloak,
    createTestIssuer,
    notFound: library.notFound as () => unknown,
    rfc9068: library.rfc9068 as () => unknown,
    auth0: library.auth0,
    authentik: library.authentik,
    cognito: library.cognito,
    entra: library.entra,
    firebase: library.firebase,
    googleIap: library.googleIap,
    okta: library.okta,
    supabase: library.supabase,
    zitadel: library.zitadel,
    clerk: library.clerk as () => unknown,
    duende: library.duende as () => unknown,
    workos: library.workos as () => unknown,
    stdoutSink: library.stdoutSink as () => unknown,
    fileSink: (value) => (typeof value === "object" ? undefined : library.fileSink(value)),
    prometheusMetrics: (value) => library.prometheusMetrics(value as never),
    openTelemetryMetrics: (value) => library.openTelemetryMetrics(value as never),
    fromRateLimiterFlexible: library.fromRateLimiterFlexible,
    redisStore: library.redisStore,
    principalFrom: library.principalFrom,
    "principalFrom, second": (value) => library.principalFrom(() => null, value),
    "principalFrom.header": library.principalFrom.header,
    requireRole: (value) => requireRole("a", value, "b"),
    "requireRole, last": (value) => requireRole("a", value),
    requireScope: (value) => requireScope("a", value, "b"),
    role: (value) => library.role("a", value),
    scope: (value) => library.scope("a", value),
    "scope.any": (value) => library.scope.any("a", value),
    all: library.all,
    any: library.any,
    not: library.not,
    authorize: (value) => authorize(value),
    "authorize, second": (value) => authorize(library.role("a"), value),
  };

  it.each(Object.entries(functions))("in place of an argument of %s", (_name, create) => {
    const leaks = SECRETS.flatMap((secret) =>
      SHAPES.flatMap((shape) =>
        leaksOf(
          () => create(shape(secret.value) as never),
          secret,
          () => false,
        ),
      ),
    );
    expect(leaks).toEqual([]);
  });

  it.each([
    "oauthGuard",
    "rateLimit",
    "auditLog",
    "secureHeaders",
    "formBody",
    "jsonBody",
    "publicRoutes",
    "mode",
    "onDenied",
  ])("in place of %s of secureApi", (name) => {
    const others = { oauthGuard: false, rateLimit: false, auditLog: false };
    const leaks = SECRETS.flatMap((secret) =>
      SHAPES.flatMap((shape) =>
        leaksOf(
          () => library.secureApi({ ...others, [name]: shape(secret.value) } as never),
          secret,
          () => false,
        ),
      ),
    );
    expect(leaks).toEqual([]);
  });
});
