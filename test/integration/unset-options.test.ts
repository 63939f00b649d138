import { describe, expect, it } from "vitest";
import { OptionsError } from "../../src/core/options/options-error.js";
import { optionsAt, PLACES } from "../support/option-places.js";

/** What `undefined` means for the options of one type. Each option stands in exactly one of the lists. */
interface Meanings {
  /** Leaving it out takes nothing away: the default is as strict, or it grants something. */
  readonly omitted: readonly string[];
  /** A key, a check, a restriction or a store. Leaving it out would quietly take it away. */
  readonly refused: readonly string[];
}

const GUARD = ["mode", "onDenied"];
/** Quietly, the tokens of whoever is found by discovery would count. */
const KEY_SOURCES = ["discovery", "jwksUri", "jwks", "publicKey", "secret"];
const ISSUER = [
  "issuer",
  "audience",
  "clientIds",
  "algorithms",
  "profile",
  "requiredClaims",
  "principal",
];
/** A statement that lets more pass, and what stands in for a claim that is missing: without them less is accepted. */
const ISSUER_GRANTS = ["anyTokenType", "acceptWithout"];
const TOKENS = ["maxTokenAge", "scopes", "keys"];
const TOKEN_DEFAULTS = ["clockTolerance", "maxTokenSize", "realm", "cache"];
const STRUCTURE = ["depth", "nodes", "items", "keys", "keyLength", "stringLength"];
const CREDENTIALS = ["keyFile", "certFile", "key", "cert", "passphrase"];
const QUOTA = [
  "algorithm",
  "limit",
  "window",
  "burst",
  "tier",
  "tiers",
  "key",
  "cost",
  "match",
  "count",
  "costAfter",
  "warnAt",
  "slowDown",
  "onLimit",
  "block",
  "onStoreError",
];

const MEANINGS: Readonly<Record<string, Meanings>> = {
  SecureApiOptions: {
    // Both parts are on by default. No route is public by default.
    // Without `paths`, no ambiguous path passes the table.
    omitted: [
      "auditLog",
      "secureHeaders",
      "publicRoutes",
      "dangerouslyPublicRoutes",
      "paths",
      ...GUARD,
    ],
    refused: [
      "oauthGuard",
      "rateLimit",
      "loadShedding",
      "requestDeadline",
      "jsonBody",
      "formBody",
      "authenticate",
      "enrich",
      "routes",
      "otherwise",
    ],
  },
  RouteRow: {
    // They open something.
    omitted: ["public", "optional", "except", "mode"],
    refused: [
      "requireRole",
      "requireScope",
      "requirePermission",
      "requireStepUp",
      "ownParam",
      "authorize",
      "use",
      "validate",
      "rateLimit",
      "methods",
      "deny",
    ],
  },
  PathOptions: { omitted: ["allow", "mode"], refused: [] },
  AuditLogOptions: {
    // Whatever `except` would leave out is recorded. Nobody's ids are trusted by default.
    // Alerts are on by default, and every success has a record.
    omitted: [
      "service",
      "requestId",
      "trace",
      "fields",
      "context",
      "except",
      "healthPaths",
      "stallAfter",
      "alerts",
      "sample",
      "schema",
      ...GUARD,
    ],
    // Quietly, persons would be recorded in plain.
    refused: ["sinks", "onFailure", "onShutdown", "metrics", "integrity", "privacy"],
  },
  // What it leaves out is a key, or who is told of checkpoints.
  AuditIntegrityOptions: {
    omitted: ["checkpointEvery", "checkpointInterval"],
    refused: ["signingKey", "sign", "onCheckpoint"],
  },
  PrometheusMetricsOptions: { omitted: ["http"], refused: ["client", "register"] },
  OpenTelemetryMetricsOptions: { omitted: ["http"], refused: ["api", "meter"] },
  // Quietly, nothing would watch for what the app has named.
  AlertOptions: {
    omitted: ["defaults", "countReported"],
    refused: ["rules", "honeytokens", "account"],
  },
  AlertThresholds: { omitted: ["threshold", "window", "cooldown"], refused: [] },
  AlertRule: {
    omitted: ["severity", "cooldown"],
    refused: ["name", "when", "by", "threshold", "window", "distinct"],
  },
  HoneytokenOptions: { omitted: [], refused: ["routes", "headers", "subjects"] },
  // Without a policy all of them block, and without exceptions more addresses.
  AlertToOptions: { omitted: ["for", "by"], refused: ["rules", "policy", "except"] },
  SampleOptions: { omitted: ["success"], refused: [] },
  AuditServiceOptions: { omitted: ["name", "version"], refused: [] },
  RequestIdOptions: { omitted: ["header", "trustedPeers"], refused: [] },
  TraceOptions: { omitted: ["trustedPeers", "openTelemetry"], refused: [] },
  // Less is recorded by default.
  AuditFieldOptions: { omitted: ["headers", "query", "maxRecordSize"], refused: [] },
  AuditPrivacyOptions: { omitted: [], refused: ["subject", "address", "addressOnRefusal", "key"] },
  AuditPseudonymKey: { omitted: [], refused: ["id", "key"] },
  // Without it, two environments with one Redis share their counts.
  RedisStoreOptions: { omitted: [], refused: ["prefix"] },
  FileSinkOptions: {
    omitted: ["gzip", "fsyncInterval"],
    refused: ["path", "write", "rotate", "retention", "fsync"],
  },
  FileRotationOptions: { omitted: [], refused: ["size", "interval"] },
  // Without one of them, records stay for longer than the operator has promised.
  FileRetentionOptions: { omitted: [], refused: ["files", "age", "size"] },
  RequireOptions: { omitted: [...GUARD, "realm"], refused: [] },
  // Each of them is a check.
  StepUpOptions: { omitted: [], refused: ["acr", "amr", "maxAge"] },
  RequireStepUpOptions: { omitted: [...GUARD, "realm"], refused: ["acr", "amr", "maxAge"] },
  RoleDefinition: { omitted: [], refused: ["includes", "permissions"] },
  // Without `onDeny`, more is hidden; without `orElse`, nobody is excepted.
  AuthorizeOptions: { omitted: [...GUARD, "realm", "onDeny", "attach"], refused: ["load"] },
  RequireOwnershipOptions: {
    omitted: [...GUARD, "realm", "onDeny", "attach", "orElse"],
    refused: ["load", "owner"],
  },
  // Quietly, everything would be permitted.
  AllowFieldsOptions: { omitted: [...GUARD, "onViolation"], refused: ["write", "read"] },
  // Quietly, it would be compared with the subject.
  OwnParamOptions: { omitted: [...GUARD, "realm", "orElse"], refused: ["claim"] },
  HttpEngineOptions: {
    omitted: ["name", "timeout", "breaker"],
    refused: ["url", "token", "headers", "fetch", "dangerouslyAllowHttp"],
  },
  OpaOptions: {
    omitted: ["name", "timeout", "breaker"],
    refused: ["url", "token", "headers", "fetch", "dangerouslyAllowHttp", "path"],
  },
  BreakerOptions: { omitted: ["failures", "pause"], refused: [] },
  CedarOptions: { omitted: ["name"], refused: ["policies", "schema", "entities", "namespace"] },
  OpaWasmOptions: { omitted: ["name"], refused: ["policy", "entrypoint", "data"] },
  // Without it, the roles of the realm count as well.
  KeycloakOptions: { omitted: [], refused: ["clientId", "realmRoles"] },
  // They say whose roles count, and where: quietly, others would count or none, and not(role("suspended")) would pass.
  Auth0Options: { omitted: [], refused: ["rolesClaim"] },
  AuthentikOptions: { omitted: [], refused: ["groups"] },
  CognitoOptions: { omitted: [], refused: ["groups"] },
  EntraOptions: { omitted: [], refused: ["groups", "directoryRoles"] },
  FirebaseOptions: { omitted: [], refused: ["roles", "rolesClaim"] },
  GoogleIapOptions: { omitted: [], refused: ["accessLevels"] },
  OktaOptions: { omitted: [], refused: ["groupsClaim", "groups"] },
  SupabaseOptions: { omitted: [], refused: ["rolesClaim"] },
  ZitadelOptions: { omitted: [], refused: ["orgId", "projectId"] },
  ErrorHandlerOptions: { omitted: ["onError", "html"], refused: [] },
  NotFoundOptions: { omitted: ["html"], refused: [] },
  // The defaults are limits too. Whatever `except` would leave to another parser is parsed strictly.
  JsonBodyOptions: { omitted: ["limit", "depth", "except", ...GUARD], refused: [] },
  FormBodyOptions: {
    omitted: ["limit", "fields", "extended", "depth", "except", ...GUARD],
    refused: [],
  },
  StructuralGuardOptions: { omitted: [...STRUCTURE, ...GUARD], refused: [] },
  StructureLimits: { omitted: STRUCTURE, refused: [] },
  "ValidateOptions | ValidateChainsOptions": {
    omitted: [
      // "reject" is the default, and with chains it must be given.
      "unknown",
      "status",
      "maxErrors",
      "expose",
      // JSON alone.
      "contentTypes",
      "dangerouslyAllowPatterns",
      "limits",
      ...GUARD,
    ],
    refused: ["body", "query", "params", "headers", "cookies", "chains"],
  },
  PrincipalFromOptions: { omitted: ["mode"], refused: [] },
  SessionPrincipalOptions: { omitted: GUARD, refused: [] },
  // Without `cache`, the database is asked each time.
  EnrichPrincipalOptions: { omitted: ["cache", ...GUARD], refused: ["replace"] },
  EnrichmentCacheOptions: { omitted: ["size"], refused: ["time"] },
  HeaderPrincipalOptions: { omitted: GUARD, refused: ["name", "trustedPeers"] },
  OauthGuardOptions: {
    // Without `schemes`, tokens come under "Bearer" alone.
    omitted: [
      ...ISSUER_GRANTS,
      ...TOKEN_DEFAULTS,
      "schemes",
      "optional",
      "failedVerifications",
      ...GUARD,
    ],
    refused: [...ISSUER, ...KEY_SOURCES, ...TOKENS, "certificateBinding"],
  },
  TokenVerifierOptions: {
    omitted: [...ISSUER_GRANTS, ...TOKEN_DEFAULTS],
    refused: [...ISSUER, ...KEY_SOURCES, ...TOKENS],
  },
  AcceptWithoutOptions: { omitted: [], refused: ["claims", "until"] },
  IssuerOptions: { omitted: ISSUER_GRANTS, refused: [...ISSUER, ...KEY_SOURCES] },
  KeyFetchOptions: {
    omitted: ["maxAge", "maxStale", "cooldown", "timeout", "maxSize"],
    refused: ["fetch", "dangerouslyAllowHttp"],
  },
  TokenCacheOptions: { omitted: ["max", "ttl"], refused: [] },
  // Each has a default that bounds.
  FailedVerificationsOptions: {
    omitted: ["limit", "window", "concurrency", "maxWaiting"],
    refused: [],
  },
  // What is not mapped stays empty. The subject is `sub`.
  ClaimMapping: {
    omitted: [
      "subject",
      "roles",
      "scopes",
      "permissions",
      "groups",
      "tenant",
      "clientId",
      "login",
      "kind",
    ],
    refused: [],
  },
  SubjectSource: { omitted: ["format"], refused: ["path"] },
  // Without its prefix, the admin of a partner is an admin; without the others, more names count, or all seem to be there.
  ClaimSource: {
    omitted: ["format"],
    refused: ["path", "names", "having", "elsewhere", "prefix"],
  },
  RateLimitOptions: {
    omitted: [
      "name",
      "phase",
      "storeTimeout",
      "headers",
      "ipv6Prefix",
      "maxKeys",
      "maxWaiting",
      // Without it, every request counts.
      "skip",
      ...GUARD,
    ],
    refused: [...QUOTA, "policies", "preflight", "store", "fallbackShare", "keySecret"],
  },
  RateLimitPolicy: { omitted: ["name", "phase"], refused: QUOTA },
  PreflightPolicy: { omitted: [], refused: ["limit", "window", "burst"] },
  RateLimitHeaders: { omitted: ["ietf", "legacy", "retryJitter"], refused: [] },
  RateLimitTier: { omitted: [], refused: ["limit", "window", "burst"] },
  SlowDownOptions: { omitted: ["max"], refused: ["from", "step"] },
  // Without them the key is blocked no later.
  BlockOptions: { omitted: ["within", "durations", "forgetAfter"], refused: ["after"] },
  LoginThrottleOptions: {
    omitted: ["storeTimeout", "ipv6Prefix", "maxKeys", "maxWaiting", ...GUARD],
    refused: [
      "user",
      "failed",
      "pair",
      "address",
      "account",
      "store",
      "onStoreError",
      "fallbackShare",
      "keySecret",
    ],
  },
  FailureLimit: { omitted: [], refused: ["limit", "window"] },
  AccountSlowDown: { omitted: ["after", "window", "step", "max"], refused: [] },
  // As in express-rate-limit, where apps make a store only if a variable is set. A warning says so.
  ExpressRateLimitOptions: {
    omitted: [
      "windowMs",
      "limit",
      "max",
      "message",
      "statusCode",
      "legacyHeaders",
      "headers",
      "standardHeaders",
      "identifier",
      "retryAfter",
      "requestPropertyName",
      "skipFailedRequests",
      "skipSuccessfulRequests",
      "requestWasSuccessful",
      "keyGenerator",
      "ipv6Subnet",
      "handler",
      "skip",
      "store",
      "passOnStoreError",
      "validate",
      "logger",
      ...GUARD,
    ],
    refused: [],
  },
  MemoryStoreOptions: { omitted: ["maxKeys"], refused: [] },
  // Nothing is critical by default.
  LoadSheddingOptions: {
    omitted: ["eventLoopDelay", "utilization", "heap", "critical", "retryAfter", ...GUARD],
    refused: ["low", "priority"],
  },
  DelayRamp: { omitted: ["from", "to"], refused: [] },
  RatioRamp: { omitted: ["from", "to"], refused: [] },
  RequestDeadlineOptions: { omitted: [...GUARD], refused: ["timeout", "routes", "idle"] },
  SecureHeadersOptions: {
    omitted: [
      "preset",
      "helmet",
      "csp",
      "hsts",
      "cacheControl",
      "reporting",
      "overwrite",
      // All paths have the headers of the API.
      "pages",
      ...GUARD,
    ],
    // With `cors`, the cross-origin guard goes away as well.
    refused: [
      "cors",
      "crossOriginGuard",
      "https",
      "hosts",
      "cookies",
      "permissionsPolicy",
      "remove",
    ],
  },
  CspOptions: { omitted: ["reportOnly"], refused: ["nonce"] },
  ReportingOptions: {
    omitted: ["contentSecurityPolicy", "crossOriginOpenerPolicy", "crossOriginEmbedderPolicy"],
    refused: ["endpoints"],
  },
  HstsOptions: {
    omitted: ["maxAge", "includeSubDomains", "preload", "always", "maxAgeInReportMode"],
    refused: [],
  },
  HeaderOverrides: {
    omitted: ["helmet", "csp", "cacheControl", "reporting"],
    refused: ["profile", "permissionsPolicy"],
  },
  ReportCollectorOptions: {
    omitted: ["maxBytes", "maxReports", "maxPerMinute", "repeatAfter", "onReport"],
    refused: [],
  },
  // Without `exempt`, every path is refused.
  HttpsOptions: { omitted: ["policy", "exempt"], refused: ["host", "onPlaintextCredential"] },
  HostsOptions: { omitted: ["exempt"], refused: ["allowed"] },
  CorsOptions: {
    omitted: [
      "credentials",
      "exposedHeaders",
      "maxAge",
      "dangerouslyAllowInsecureOrigins",
      "dangerouslyAllowSharedDomains",
    ],
    refused: ["origins", "methods", "allowedHeaders"],
  },
  CrossOriginGuardOptions: { omitted: ["exempt"], refused: ["always", "origin", "isolation"] },
  AssertRoutesGuardedOptions: { omitted: ["allow"], refused: ["baseline", "probe"] },
  WriteBaselineOptions: { omitted: ["allow"], refused: [] },
  ProbeRoutesOptions: { omitted: ["skip"], refused: [] },
  DefaultDenyOptions: { omitted: [...GUARD], refused: [] },
  // A certificate is required by default.
  CertificateBindingOptions: { omitted: ["required"], refused: ["header", "trustedPeers"] },
  SecureServerOptions: {
    omitted: ["profile", "reload", "tickets"],
    refused: [...CREDENTIALS, "names", "mtls"],
  },
  CredentialOptions: { omitted: [], refused: CREDENTIALS },
  MtlsOptions: { omitted: ["required"], refused: ["caFile", "ca", "crlFile", "crl"] },
  ReloadOptions: { omitted: ["interval"], refused: [] },
  TicketOptions: { omitted: ["rotate"], refused: ["secret"] },
  ReloadedCredentials: { omitted: [], refused: ["key", "cert", "passphrase"] },
  AuditTlsOptions: {
    omitted: ["timeout", "deadline"],
    refused: ["servername", "ca", "key", "cert"],
  },
  TestIssuerOptions: { omitted: ["issuer", "audience", "algorithm"], refused: [] },
  MintOverrides: { omitted: ["header", "forged"], refused: [] },
  HardenServerOptions: {
    // Each has a default that restricts. `slowAt` lifts a limit.
    omitted: [
      "headersTimeout",
      "requestTimeout",
      "keepAliveTimeout",
      "maxHeaderSize",
      "stallTimeout",
      "minRate",
      "slowAt",
    ],
    refused: ["maxConnections", "maxRequestsPerSocket"],
  },
  GracefulShutdownOptions: {
    omitted: [
      "announce",
      "grace",
      "closeTimeout",
      "signals",
      "exit",
      "onDrain",
      "onClose",
      "onError",
    ],
    refused: ["readiness"],
  },
  ReadyzOptions: {
    omitted: ["timeout", "cache", "waitForReady", "expose", "onFail"],
    refused: ["checks"],
  },
};

const rows = Object.entries(MEANINGS).flatMap(([type, { omitted, refused }]) => [
  ...omitted.map((name) => [type, name, "omitted"] as const),
  ...refused.map((name) => [type, name, "refused"] as const),
]);
const refusedRows = rows.filter(([, , meaning]) => meaning === "refused");

/** The problems with one option that has this value. */
function problemsOf(type: string, name: string, value: unknown): readonly string[] {
  const { path, given, create } = PLACES[type] ?? { path: "", create: () => undefined };
  try {
    const made = create({ ...given, [name]: value }) as { close?: () => unknown } | undefined;
    if (typeof made?.close === "function") void made.close();
    return [];
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    return error.problems.filter((problem) => problem.startsWith(`${path}.${name} `));
  }
}

/** "A setting that is missing is not a setting that is absent" */
describe("an option that is given as undefined", () => {
  it("has one meaning, for every option of every factory", () => {
    const listed = rows.map(([type, name]) => `${type}.${name}`);
    const known = Object.entries(PLACES).flatMap(([type, place]) =>
      [...optionsAt(place).keys()].map((name) => `${type}.${name}`),
    );
    expect(listed.sort()).toEqual(known.sort());
  });

  it.each(rows)("%s.%s is %s", (type, name, meaning) => {
    const problems = problemsOf(type, name, undefined);
    if (meaning === "omitted") expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringMatching(/ undefined\b/)]);
  });
});

describe("an option that names a key, a check, a restriction or a store", () => {
  // `mint` and the like have none; a limit of the right type is judged by its range.
  it.each(refusedRows)("%s.%s is wrong as an empty text and as an empty list", (type, name) => {
    expect(problemsOf(type, name, "")).not.toEqual([]);
    expect(problemsOf(type, name, [])).not.toEqual([]);
  });
});
