import { generateKeyPairSync } from "node:crypto";
import { body } from "express-validator";
import { describe, expect, it } from "vitest";
import { createLogger } from "winston";
import * as library from "../../src/index.js";
import { createTestIssuer } from "../../src/testing/index.js";

type Row = readonly [what: string, create: () => unknown, problem: string];

const { auditLog, authorize, fileSink, keycloak, not, oauthGuard, rateLimit, requireRole } =
  library;
const { principalFrom, role, secureApi, secureHeaders, stdoutSink, validate } = library;
const ORIGIN = "https://app.example.com";
const POLICY = { limit: 1, window: "1m" };
const ISSUER = { issuer: "https://issuer.example", audience: "https://api.example" };
const SHOP = { issuer: "shop", audience: "shop-api", requiredClaims: { type: "access" } };
const { publicKey: PEM } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const OFF = { oauthGuard: false, rateLimit: false, auditLog: false } as const;

/** For values that do not compile. */
const as = <T>(value: unknown): T => value as T;

function directives(given: object): () => unknown {
  return () => secureHeaders({ helmet: { contentSecurityPolicy: { directives: given } } });
}

/** "Wrong options of the right type" */
const RIGHT_TYPE: readonly Row[] = [
  [
    "a role with a character that nobody sees",
    () => not(role("suspen\u200bded")),
    "role.roles[0] must not hold characters that nobody sees",
  ],
  [
    "a lone surrogate in a role",
    () => role("\ud800admin"),
    "role.roles[0] must not hold characters that nobody sees",
  ],
  [
    "a list of patterns in one text",
    () => rateLimit({ ...POLICY, match: "/login,/signup" }),
    'rateLimit.match must be one path: write several as a list, ["/a", "/b"]',
  ],
  [
    "a URL as a pattern",
    () => rateLimit({ ...POLICY, match: "https://api.example.com/login" }),
    'rateLimit.match must start with "/": write the path alone',
  ],
  [
    "a method that reaches no app",
    () => rateLimit({ ...POLICY, match: "CONNECT /login" }),
    "rateLimit.match must not have the method CONNECT, which Node.js hands to no app",
  ],
  [
    "a secret that is too short",
    () => oauthGuard({ ...SHOP, secret: "geheim-42" }),
    "got a string of 9 characters: write a longer one, such as what node -p \"crypto.randomBytes(32).toString('base64')\" prints",
  ],
  [
    "a PEM whose line ends a variable has escaped",
    () => oauthGuard({ ...ISSUER, publicKey: PEM.replaceAll("\n", "\\n") }),
    'characters: its line ends are a backslash and an n, write .replaceAll("\\\\n", "\\n") behind it',
  ],
  [
    "a directive by another name",
    directives({ scriptSource: ["'self'"] }),
    'must not have an option "scriptSource": did you mean "script-src"?',
  ],
  [
    "the name of a claim in place of an entry",
    () => oauthGuard({ ...ISSUER, principal: as({ roles: ["role"] }) }),
    'oauthGuard.principal.roles[0] must be an options object, got a string of 4 characters: write { path: "roles" }',
  ],
  [
    "the name of a claim in place of a list of entries",
    () => oauthGuard({ ...ISSUER, principal: as({ scopes: "scp" }) }),
    'oauthGuard.principal.scopes must be a non-empty list of options objects, got a string of 3 characters: write [{ path: "scopes" }]',
  ],
  [
    "one policy in place of a list",
    () => rateLimit({ policies: as(POLICY) }),
    'got an object: write [{ name: "login", limit: 5, window: "15m", match: "POST /login" }]',
  ],
  [
    "names of issuers in place of entries",
    () => oauthGuard(as({ issuer: ["https://a.example", "https://b.example"] })),
    'oauthGuard.issuer[1] must be an options object, got a string of 17 characters: write { issuer: "https://idp.example.com", audience: "https://api.example.com" }',
  ],
  [
    "a cache that is only turned on",
    () => oauthGuard({ ...ISSUER, cache: as(true) }),
    'oauthGuard.cache must be an options object, got true: write { max: 10000, ttl: "5m" }, the default',
  ],
  [
    "a time in place of the settings of keys",
    () => oauthGuard({ ...ISSUER, keys: as("10m") }),
    'oauthGuard.keys must be an options object, got a string of 3 characters: write { maxAge: "10m" }',
  ],
  [
    "a depth in place of the limits of a body",
    () => validate({ body: { type: "object" }, limits: as(20) }),
    "validate.limits must be an options object, got 20: write { depth: 20 }",
  ],
  [
    "a burst from a variable that is not set",
    () => rateLimit({ ...POLICY, burst: undefined }),
    "rateLimit.burst must not be undefined",
  ],
  [
    "a cost from a variable that is not set",
    () => rateLimit({ policies: [{ ...POLICY, cost: undefined }] }),
    "rateLimit.policies[0].cost must not be undefined",
  ],
  [
    "onStoreError from a variable that is not set",
    () =>
      rateLimit({
        ...POLICY,
        name: "a",
        store: as({ consume: () => [] }),
        onStoreError: undefined,
      }),
    "rateLimit.onStoreError must not be undefined",
  ],
  [
    "a profile from a variable that is not set",
    () => oauthGuard({ ...ISSUER, profile: undefined }),
    "oauthGuard.profile must not be undefined",
  ],
  [
    "a secret that nothing was put into",
    () => oauthGuard({ ...ISSUER, secret: new Uint8Array(32) }),
    "oauthGuard.secret must be filled in, got a placeholder or zeros",
  ],
  [
    "a secret that is still a placeholder",
    () => oauthGuard({ ...ISSUER, secret: "{{ jwt_secret_of_the_production_environment }}" }),
    "oauthGuard.secret must be filled in, got a placeholder or zeros",
  ],
  [
    "half of all addresses as trusted peers",
    () => principalFrom.header({ name: "X-User", trustedPeers: "128.0.0.0/1" }),
    "principalFrom.header.trustedPeers must be an IP address or a network",
  ],
  [
    "all IPv4 addresses, spelt as IPv6",
    () => principalFrom.header({ name: "X-User", trustedPeers: "0:0:0:0:0:ffff:0:0/96" }),
    "principalFrom.header.trustedPeers must be an IP address or a network",
  ],
  [
    "a network around them",
    () => principalFrom.header({ name: "X-User", trustedPeers: "::/64" }),
    "principalFrom.header.trustedPeers must be an IP address or a network",
  ],
  [
    "one address with the prefix of its network",
    () => principalFrom.header({ name: "X-User", trustedPeers: "10.1.2.3/8" }),
    "got an address with the prefix of a network: leave the prefix out, or write the first address of the network",
  ],
  ...["User-Agent", "X-Forwarded-For", "Origin"].map(
    (name): Row => [
      `the caller in ${name}`,
      () => principalFrom.header({ name, trustedPeers: "10.0.0.1" }),
      "principalFrom.header.name must be a field of its own, which the gateway sets",
    ],
  ),
  [
    "options that inherit from a record without a prototype",
    () =>
      rateLimit(
        Object.assign(Object.create(Object.assign(Object.create(null), { match: "/a" })), POLICY),
      ),
    "rateLimit must be an options object",
  ],
  [
    "less than a second of hsts",
    () => secureHeaders({ hsts: { maxAge: "730ms" } }),
    'secureHeaders.hsts.maxAge must be in whole seconds, such as "730d"',
  ],
  [
    "a part of a second of hsts, in helmet's terms",
    () => secureHeaders({ helmet: { strictTransportSecurity: { maxAge: 0.73 } } }),
    "secureHeaders.helmet.strictTransportSecurity.maxAge must be a whole number of seconds, as helmet counts, got 0.73",
  ],
  [
    "less than a second of a preflight",
    () => secureHeaders({ cors: { origins: ORIGIN, maxAge: "600ms" } }),
    'secureHeaders.cors.maxAge must be in whole seconds, such as "10m"',
  ],
  [
    "an unknown directive in camel case",
    directives({ frameAncestor: ["'none'"] }),
    'secureHeaders.helmet.contentSecurityPolicy.directives must not have an option "frameAncestor": did you mean "frame-ancestors"?',
  ],
  [
    "an unknown directive with dashes",
    directives({ "default-source": ["'none'"] }),
    'did you mean "default-src"?',
  ],
  [
    "undefined in a list of a directive",
    directives({ "img-src": ["'self'", undefined] }),
    'directives["img-src"] must hold strings, got undefined',
  ],
  [
    "undefined in a list of methods",
    () => secureHeaders({ cors: { origins: ORIGIN, methods: as(["GET", undefined]) } }),
    "secureHeaders.cors.methods[1] must be a non-empty string, got undefined",
  ],
  [
    "undefined in a list of sinks",
    () => auditLog({ sinks: as([undefined]) }),
    "auditLog.sinks[0] must be stdoutSink(), fileSink({ path })",
  ],
  [
    "undefined in a list of client ids",
    () => oauthGuard({ ...ISSUER, clientIds: as(["a", undefined]) }),
    "oauthGuard.clientIds[1] must be a non-empty string, got undefined",
  ],
  [
    "undefined in a list of rules",
    () => library.all(role("a"), as(undefined)),
    "all.rules[1] must be a rule",
  ],
  [
    "undefined in a list of policies",
    () => rateLimit({ policies: as([POLICY, undefined]) }),
    "rateLimit.policies[1] must be an options object",
  ],
  [
    "undefined in a list of chains",
    () => validate(as<never>({ chains: [undefined], unknown: "reject" })),
    "validate.chains[0] must be a chain",
  ],
  [
    "undefined in a list of claim sources",
    () => oauthGuard({ ...ISSUER, principal: { roles: as([undefined]) } }),
    "oauthGuard.principal.roles[0] must be an options object",
  ],
  [
    "undefined in a path of claims",
    () => oauthGuard({ ...ISSUER, principal: { roles: [{ path: as(["a", undefined]) }] } }),
    "oauthGuard.principal.roles[0].path must be a claim name",
  ],
  [
    "undefined as a directive",
    directives({ imgSrc: undefined }),
    'directives["imgSrc"] must hold strings, got undefined',
  ],
  [
    "a text for true or false, which helmet takes for true",
    () => secureHeaders({ helmet: { contentSecurityPolicy: { reportOnly: "false" } } }),
    'secureHeaders.helmet.contentSecurityPolicy.reportOnly must be true or false, got "false": write it without quotes',
  ],
  [
    "a blank audience",
    () => oauthGuard({ ...ISSUER, audience: " " }),
    "oauthGuard.audience must have no white space at its ends",
  ],
  [
    "white space at the end of an audience",
    () => oauthGuard({ ...ISSUER, audience: ["https://a.example", "https://api.example\u00a0"] }),
    "oauthGuard.audience[1] must have no white space at its ends",
  ],
  [
    "a line end in an audience",
    () => oauthGuard({ ...ISSUER, audience: "https://api\n.example" }),
    "oauthGuard.audience must have no white space at its ends and no line ends",
  ],
  [
    "null as the key of a limit",
    () => rateLimit({ ...POLICY, key: as(null) }),
    'rateLimit.key must be "ip", "principal", "tenant", a list of several of them, or a function, got null',
  ],
  [
    "null as the headers of a minted token",
    () => createTestIssuer().mint({}, { header: as(null) }),
    "mint.header must be an object of header parameters, got null",
  ],
  [
    "a control character in the name of a policy",
    () => rateLimit({ ...POLICY, name: "a\u0007" }),
    "rateLimit.name must be at most 64 printable ASCII characters, got a string of 2 characters",
  ],
  [
    "a line end in the name of a service",
    () => auditLog({ service: { name: "orders\n" } }),
    "auditLog.service.name must be a non-empty string, got a string of 7 characters: it holds control characters",
  ],
  [
    "a control character in a role",
    () => requireRole("ad\u0000min"),
    "requireRole.roles[0] must not hold control characters",
  ],
  [
    "a control character in a client id",
    () => keycloak({ clientId: "api\u0085" }),
    "keycloak.clientId must be a non-empty string, got a string of 4 characters: it holds control characters",
  ],
  [
    "a misspelt method of a limit",
    () => rateLimit({ ...POLICY, match: "PSOT /login" }),
    'rateLimit.match must have a method that this Node.js knows: did you mean "POST"?',
  ],
  [
    "a misspelt method of a public route",
    () => secureApi({ ...OFF, publicRoutes: ["GETT /x"] }),
    'secureApi.publicRoutes[0] must have a method that this Node.js knows: did you mean "GET"?',
  ],
  [
    "a misspelt method in lower case",
    () => rateLimit({ ...POLICY, match: "psot /login" }),
    'did you mean "POST"?',
  ],
  [
    "a misspelt method of cors",
    () => secureHeaders({ cors: { origins: ORIGIN, methods: ["PTACH"] } }),
    'secureHeaders.cors.methods must be methods that this Node.js knows: did you mean "PATCH"?',
  ],
  [
    "a second rule that would not count",
    () => (not as (...rules: unknown[]) => unknown)(role("a"), role("b")),
    "not.rule must be one rule",
  ],
];

/** What people write, and what they are told. */
const PLAUSIBLE: readonly Row[] = [
  [
    "a mode of another product",
    () => requireRole("a", { mode: as("dry-run") }),
    'requireRole.mode must be one of "enforce", "report", got "dry-run": did you mean "report"?',
  ],
  [
    "true for cors",
    () => secureHeaders({ cors: as(true) }),
    'secureHeaders.cors must be an options object, got true: write { origins: ["https://app.example.com"] }',
  ],
  [
    "true for an audit log",
    () => secureApi({ ...OFF, auditLog: as(true) }),
    "secureApi.auditLog must be an options object, got true: write auditLog: {}",
  ],
  [
    "true for a body parser",
    () => secureApi({ ...OFF, jsonBody: as(true) }),
    "secureApi.jsonBody must be an options object, got true: write jsonBody: {}",
  ],
  [
    "a guard in place of its options",
    () => secureApi({ ...OFF, oauthGuard: as(oauthGuard(createTestIssuer().options())) }),
    "secureApi.oauthGuard must be an options object, got a function: give the options of oauthGuard, secureApi makes it",
  ],
  [
    "a name in place of a service",
    () => auditLog({ service: as("orders") }),
    'auditLog.service must be an options object, got a string of 6 characters: write { name: "orders", version: "1.0.0" }',
  ],
  [
    "a path in place of the options of a file",
    () => fileSink(as("audit.jsonl")),
    'fileSink must be an options object, got a string of 11 characters: write fileSink({ path: "audit.jsonl" })',
  ],
  [
    "a sink that was not called",
    () => auditLog({ sinks: as([stdoutSink]) }),
    "auditLog.sinks[0] must be a sink, got a function: call it, as in stdoutSink()",
  ],
  [
    "a lone sink that was not called",
    () => auditLog({ sinks: as(stdoutSink) }),
    "auditLog.sinks must be a non-empty list of sinks, got a function: call it, as in sinks: [stdoutSink()]",
  ],
  [
    "a store that was not called",
    () => rateLimit({ ...POLICY, store: as(library.fromRateLimiterFlexible) }),
    "got a function: write fromRateLimiterFlexible(limiter)",
  ],
  [
    "a mapping that was not called",
    () => oauthGuard({ ...ISSUER, principal: as(keycloak) }),
    'oauthGuard.principal must be an options object, got a function: write keycloak({ clientId: "my-api" })',
  ],
  [
    "a rule that was not called",
    () => authorize(as(role)),
    'authorize.rule must be a rule such as role("admin"), got a function: call it, as in role(…)',
  ],
  [
    "a name in place of a rule",
    () => authorize(as("admin")),
    'authorize.rule must be a rule such as role("admin"), got a string of 5 characters: write role(…) or scope(…) around the name',
  ],
  [
    "two rules",
    () => authorize(role("a"), as(role("b"))),
    'authorize must not have an option "description": a rule stands where the options do',
  ],
  ["minutes as a word", () => rateLimit({ limit: 1, window: "15min" }), 'got "15min": write "15m"'],
  ["a minute in full", () => rateLimit({ limit: 1, window: "1 minute" }), 'write "1m"'],
  ["seconds as a word", () => rateLimit({ limit: 1, window: "10sec" }), 'write "10s"'],
  ["a fraction of an hour", () => rateLimit({ limit: 1, window: "1.5h" }), 'write "90m"'],
  [
    "a number as a text",
    () => rateLimit({ limit: 1, window: "60000" }),
    'got "60000": a bare number has no unit, write "1m" for milliseconds or "1000m" for seconds',
  ],
  [
    "a schema in place of the options",
    () => validate(as<never>({ type: "object", properties: {} })),
    "validate must be given options, got a schema: write validate({ body: schema })",
  ],
  [
    "a number as a text, where a number counts",
    () => rateLimit({ limit: as("100"), window: "1m" }),
    'rateLimit.limit must be a whole number from 1 to 1000000000, got "100": write it without quotes, and convert what comes from a variable',
  ],
  [
    "a text for true or false, as a variable holds it",
    () => oauthGuard({ ...ISSUER, optional: as("false") }),
    'oauthGuard.optional must be true or false, got "false": write it without quotes, and convert what comes from a variable',
  ],
  [
    "false for cors, which must not end in an origin",
    () => secureHeaders({ cors: as(false) }),
    "secureHeaders.cors must be an options object, got false: leave it out to let no page of another origin read answers",
  ],
  [
    "true for a request id, which must not end in a trusted peer",
    () => auditLog({ requestId: as(true) }),
    'auditLog.requestId must be an options object, got true: write { header: "X-Request-Id" }',
  ],
  [
    "true for trace, which must not end in a trusted peer",
    () => auditLog({ trace: as(true) }),
    "auditLog.trace must be an options object, got true: write { trustedPeers: […] }",
  ],
  [
    "a winston logger in place of its transports",
    () => auditLog({ sinks: [as(createLogger({ silent: true }))] }),
    "auditLog.sinks[0] must be stdoutSink(), fileSink({ path }) or a winston transport, got a winston logger: give its transports",
  ],
  [
    "true for hsts",
    () => secureHeaders({ hsts: as(true) }),
    "secureHeaders.hsts must be false or an options object, got true: leave it out, the header is sent by default",
  ],
  [
    "true for helmet",
    () => secureHeaders({ helmet: as(true) }),
    "secureHeaders.helmet must be an options object, got true: write {}",
  ],
  [
    "another cache control, which must not end in none",
    () => secureHeaders({ cacheControl: as("private, max-age=0") }),
    'secureHeaders.cacheControl must be "no-store", "authenticated" or false, got a string of 18 characters: leave it out, a handler that sets Cache-Control replaces it',
  ],
  [
    "false for the header fields of a limit",
    () => rateLimit({ ...POLICY, headers: as(false) }),
    "rateLimit.headers must be an options object, got false: write { ietf: false, legacy: false }",
  ],
  [
    "an option of the limiter in a policy",
    () => rateLimit({ policies: [as({ ...POLICY, skip: () => true })] }),
    'rateLimit.policies[0] must not have an option "skip": it belongs beside policies, it is one for all of them',
  ],
  [
    "an option of the limiter in a policy, with a long name",
    () => rateLimit({ policies: [as({ ...POLICY, onDenied: "next" })] }),
    'rateLimit.policies[0] must not have an option "onDenied": it belongs beside policies',
  ],
  [
    "several peers in one text",
    () => auditLog({ requestId: { trustedPeers: as("10.0.0.1, 10.0.0.2") } }),
    "auditLog.requestId.trustedPeers must be one address or network: write several as a list",
  ],
  [
    "a name of Express for peers",
    () => auditLog({ requestId: { trustedPeers: as("loopback") } }),
    'auditLog.requestId.trustedPeers must be an IP address or a network such as "10.0.0.0/8", got "loopback": write ["127.0.0.0/8", "::1"]',
  ],
  [
    "chains in place of the options",
    () => validate(as<never>([body("a")])),
    "validate must be given options, got chains: write validate({ chains: […], unknown })",
  ],
  [
    "a chain in place of the options",
    () => validate(as<never>(body("a"))),
    "validate must be given options, got chains: write validate({ chains: […], unknown })",
  ],
  [
    "a logger in place of the options of the error handler",
    () => library.errorHandler(as(() => undefined)),
    "errorHandler must be an options object, got a function: write errorHandler({ onError: (error) => … })",
  ],
  [
    "an origin in place of a public route",
    () => secureApi({ ...OFF, publicRoutes: ["https://x/y"] }),
    'secureApi.publicRoutes[0] must start with "/": write the path alone',
  ],
  [
    "ALL in place of a method",
    () => rateLimit({ ...POLICY, match: "ALL /x" }),
    'rateLimit.match must have a method that this Node.js knows: write "/x" for every method',
  ],
  [
    "a star in place of a method",
    () => rateLimit({ ...POLICY, match: "* /x" }),
    'rateLimit.match must have a method that this Node.js knows: write "/x" for every method',
  ],
  [
    "a subject in place of claims",
    () => createTestIssuer().mint(as("alice")),
    'mint.claims must be an object, got a string of 5 characters: write mint({ sub: "alice" })',
  ],
];

function messageOf(create: () => unknown): string {
  try {
    create();
  } catch (error) {
    if (error instanceof library.OptionsError) return error.message;
    throw error;
  }
  return "";
}

describe("options of the right type that are wrong", () => {
  it.each(RIGHT_TYPE)("are refused: %s", (_what, create, problem) => {
    expect(messageOf(create)).toContain(problem);
  });

  it.each([
    ["an issuer that is no URL", { ...SHOP, algorithms: ["HS256"] }],
    ["tokens without an issuer", { ...SHOP, issuer: null }],
  ])("a secret that is not set is the only problem of %s", (_what, options) => {
    const message = messageOf(() => oauthGuard(as({ ...options, secret: undefined })));
    expect(message).toMatch(/^oauthGuard\.secret must not be undefined/);
  });

  it.each([
    ["zero, as it is written", () => secureHeaders({ hsts: { maxAge: "0s" } })],
    ["a method that Node.js knows", () => rateLimit({ ...POLICY, match: "M-SEARCH /devices" })],
    ["directives in both spellings", directives({ imgSrc: ["'self'"], "font-src": ["'self'"] })],
  ])("are not: %s", (_what, create) => {
    expect(messageOf(create)).toBe("");
  });
});

describe("a short name that is nobody's", () => {
  it.each([
    ["body", () => secureApi({ ...OFF, ...as<object>({ body: {} }) })],
    ["role", () => oauthGuard({ ...ISSUER, ...as<object>({ role: "a" }) })],
    ["rate", () => rateLimit({ ...POLICY, ...as<object>({ rate: 5 }) })],
    ["units", () => rateLimit({ ...POLICY, ...as<object>({ units: 5 }) })],
  ])("is not taken for another that shares two letters: %s", (name, create) => {
    expect(messageOf(create)).toMatch(new RegExp(`must not have an option "${name}": (?!did)`));
  });
});

describe("a month", () => {
  it("is not taken for a minute, which would admit more", () => {
    const message = messageOf(() => rateLimit({ limit: 1, window: "1M" }));
    expect(message).toContain("(units ms, s, m, h, d), got a string of 2 characters");
    expect(message).not.toContain("write");
  });
});

describe("one mistake", () => {
  it.each([
    ["an empty list of chains", []],
    ["no chain", { a: { isString: true } }],
    ["a chain that was not called", [body]],
  ])("is one problem: %s", (_what, chains) => {
    const message = messageOf(() => validate(as<never>({ chains, unknown: "reject" })));
    expect(message).toContain("validate.chains");
    expect(message).not.toContain("validate.unknown");
  });
});

describe("a plausible mistake", () => {
  it.each(PLAUSIBLE)("is answered with what to write: %s", (_what, create, problem) => {
    expect(messageOf(create)).toContain(problem);
  });
});
