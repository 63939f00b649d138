import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import * as promClient from "prom-client";
import { vi } from "vitest";
import { cedar } from "../../src/authorization/cedar/index.js";
import { opaWasm } from "../../src/authorization/opa-wasm/index.js";
import { OptionsError } from "../../src/core/options/options-error.js";
import { OptionsReader } from "../../src/core/options/options-reader.js";
import * as library from "../../src/index.js";
import * as expressRateLimit from "../../src/rate-limit/express-rate-limit/index.js";
import * as routeAudit from "../../src/route-audit/index.js";
import * as server from "../../src/server/index.js";
import { readAuditTarget } from "../../src/server/read-audit-target.js";
import { readReplacement } from "../../src/server/read-reload.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { createCertificate } from "./certificates.js";

/** Where options of one type stand, and how they get there. */
interface Place {
  /** As messages name it. */
  readonly path: string;
  /** Options that have to be given there. */
  readonly given?: object;
  /** Calls the factory. */
  readonly create: (options: object) => unknown;
}

/** What the code says about one option. */
export interface KnownOption {
  /** As the reader has it, in the notation of JSON; `required`, or `undefined` when the reader knows none. */
  readonly defaultText: string | undefined;
}

const app = express();
app.get("/", library.requireRole("admin"), (_req, res) => void res.end());
const baseline = join(tmpdir(), `express-secure-api-option-places-${process.pid}.json`);
const logFile = join(tmpdir(), `express-secure-api-option-places-${process.pid}.jsonl`);
const { oauthGuard, rateLimit, secureHeaders, validate } = library;
const issuer = "https://issuer.example";
const audience = "https://api.example";
const none = () => undefined;
const PSEUDONYM_KEY = Buffer.from("0123456789abcdef0123456789abcdef");
const redisClient = { status: "ready", evalsha: none, eval: none, connect: none, on: none };
const pem = pemOf(createCertificate("localhost"));
const inMemory = {
  key: { path: "createSecureServer.key", pem: pem.key },
  cert: { path: "createSecureServer.cert", pem: pem.cert },
  passphrase: undefined,
  name: undefined,
};
const signingKey = generateKeyPairSync("ed25519").privateKey;
const schema = { type: "object", properties: {} } as const;

/** All options, by the type that the reader reads them with. Options that nothing needs are left out. */
export const PLACES: Readonly<Record<string, Place>> = {
  SecureApiOptions: {
    path: "secureApi",
    create: secureApiWith,
  },
  RouteRow: {
    path: 'secureApi.routes["/a"]',
    create: (row) => secureApiWith({ routes: { "/a": row }, otherwise: "authenticated" }),
  },
  PathOptions: { path: "secureApi.paths", create: (paths) => secureApiWith({ paths }) },
  AuditLogOptions: { path: "auditLog", create: library.auditLog },
  AuditServiceOptions: {
    path: "auditLog.service",
    create: (service) => library.auditLog({ service }),
  },
  RequestIdOptions: {
    path: "auditLog.requestId",
    create: (requestId) => library.auditLog({ requestId }),
  },
  TraceOptions: { path: "auditLog.trace", create: (trace) => library.auditLog({ trace }) },
  AuditIntegrityOptions: {
    path: "auditLog.integrity",
    given: { signingKey },
    create: (integrity) => library.auditLog({ integrity }),
  },
  AuditFieldOptions: { path: "auditLog.fields", create: (fields) => library.auditLog({ fields }) },
  PrometheusMetricsOptions: {
    path: "prometheusMetrics",
    given: { client: promClient, register: new promClient.Registry() },
    create: (options) =>
      library.prometheusMetrics({
        client: promClient,
        register: new promClient.Registry(),
        ...options,
      }),
  },
  OpenTelemetryMetricsOptions: {
    path: "openTelemetryMetrics",
    create: library.openTelemetryMetrics,
  },
  AuditPrivacyOptions: {
    path: "auditLog.privacy",
    create: (privacy) => library.auditLog({ privacy }),
  },
  AuditPseudonymKey: {
    path: "auditLog.privacy.key[0]",
    given: { id: "2026-11", key: PSEUDONYM_KEY },
    create: (key) => library.auditLog({ privacy: { subject: "pseudonym", key: [key as never] } }),
  },
  AlertOptions: { path: "auditLog.alerts", create: (alerts) => library.auditLog({ alerts }) },
  AlertThresholds: {
    path: 'auditLog.alerts.defaults["auth-burst"]',
    create: (numbers) => library.auditLog({ alerts: { defaults: { "auth-burst": numbers } } }),
  },
  AlertRule: {
    path: "auditLog.alerts.rules[0]",
    given: { name: "a", when: "authz_fail", threshold: 77, window: "3m" },
    create: (rule) => library.auditLog({ alerts: { rules: [rule as library.AlertRule] } }),
  },
  HoneytokenOptions: {
    path: "auditLog.alerts.honeytokens",
    given: { headers: "x-trap" },
    create: (honeytokens) =>
      library.auditLog({ alerts: { honeytokens: { headers: "x-trap", ...honeytokens } } }),
  },
  SampleOptions: { path: "auditLog.sample", create: (sample) => library.auditLog({ sample }) },
  AlertToOptions: {
    path: "alertTo",
    given: { rules: "a" },
    create: (options) =>
      library.alertTo({ block: async () => undefined }, { rules: "a", ...options }),
  },
  FileSinkOptions: { path: "fileSink", create: (options) => library.fileSink(options as never) },
  FileRotationOptions: {
    path: "fileSink.rotate",
    given: { size: "1mb" },
    create: (rotate) => library.fileSink({ path: logFile, rotate }),
  },
  FileRetentionOptions: {
    path: "fileSink.retention",
    given: { age: "1d" },
    create: (retention) => library.fileSink({ path: logFile, rotate: { size: "1mb" }, retention }),
  },
  RequireOptions: {
    path: "requireRole",
    create: (options) => library.requireRole("admin", options),
  },
  StepUpOptions: { path: "stepUp", create: (options) => library.stepUp(options) },
  RequireStepUpOptions: {
    path: "requireStepUp",
    create: (options) => library.requireStepUp(options),
  },
  RoleDefinition: {
    path: "defineRoles.admin",
    create: (options) => library.defineRoles({ admin: options }),
  },
  AuthorizeOptions: {
    path: "authorize",
    given: { load: () => ({}) },
    create: (options) => library.authorize(library.owner("of"), options),
  },
  RequireOwnershipOptions: {
    path: "requireOwnership",
    given: { load: () => ({}), owner: "of" },
    create: (options) => library.requireOwnership(options as never),
  },
  AllowFieldsOptions: {
    path: "allowFields",
    given: { write: ["name"] },
    create: (options) => library.allowFields(options),
  },
  OwnParamOptions: {
    path: "ownParam",
    create: (options) => library.ownParam("userId", options),
  },
  HttpEngineOptions: {
    path: "authzen",
    given: { url: "https://pdp.example" },
    create: (options) => library.authzen({ url: "https://pdp.example", ...options }),
  },
  OpaOptions: {
    path: "opa",
    given: { url: "https://opa.example", path: "shop/allow" },
    create: (options) =>
      library.opa({ url: "https://opa.example", path: "shop/allow", ...options }),
  },
  BreakerOptions: {
    path: "authzen.breaker",
    create: (breaker) => library.authzen({ url: "https://pdp.example", breaker }),
  },
  CedarOptions: {
    path: "cedar",
    given: { policies: "permit(principal, action, resource);" },
    create: (options) => cedar({ policies: "permit(principal, action, resource);", ...options }),
  },
  OpaWasmOptions: {
    path: "opaWasm",
    given: { policy: { evaluate: () => [] } },
    create: (options) => opaWasm({ policy: { evaluate: () => [] }, ...options }),
  },
  KeycloakOptions: { path: "keycloak", create: (options) => library.keycloak(options as never) },
  Auth0Options: { path: "auth0", create: library.auth0 },
  AuthentikOptions: { path: "authentik", create: library.authentik },
  CognitoOptions: { path: "cognito", create: library.cognito },
  EntraOptions: { path: "entra", create: library.entra },
  FirebaseOptions: { path: "firebase", create: library.firebase },
  GoogleIapOptions: { path: "googleIap", create: library.googleIap },
  OktaOptions: { path: "okta", create: library.okta },
  SupabaseOptions: { path: "supabase", create: library.supabase },
  ZitadelOptions: { path: "zitadel", create: (options) => library.zitadel(options as never) },
  AssertRoutesGuardedOptions: {
    path: "assertRoutesGuarded",
    create: (options) => routeAudit.assertRoutesGuarded(app, options),
  },
  WriteBaselineOptions: {
    path: "writeBaseline",
    create: (options) => routeAudit.writeBaseline(app, baseline, options),
  },
  ProbeRoutesOptions: {
    path: "probeRoutes",
    create: (options) => routeAudit.probeRoutes(app, options),
  },
  DefaultDenyOptions: {
    path: "defaultDeny",
    create: (options) => routeAudit.defaultDeny(app, options),
  },
  NotFoundOptions: { path: "notFound", create: library.notFound },
  ErrorHandlerOptions: { path: "errorHandler", create: library.errorHandler },
  FormBodyOptions: { path: "formBody", create: library.formBody },
  JsonBodyOptions: { path: "jsonBody", create: library.jsonBody },
  StructuralGuardOptions: { path: "structuralGuard", create: library.structuralGuard },
  StructureLimits: {
    path: "validate.limits",
    create: (limits) => validate({ body: schema, limits }),
  },
  "ValidateOptions | ValidateChainsOptions": {
    path: "validate",
    create: (options) => validate({ body: schema, ...options }),
  },
  PrincipalFromOptions: {
    path: "principalFrom",
    create: (options) => library.principalFrom(() => null, options),
  },
  SessionPrincipalOptions: {
    path: "session",
    create: (options) => library.session(() => null, options),
  },
  EnrichPrincipalOptions: {
    path: "enrichPrincipal",
    create: (options) => library.enrichPrincipal(() => null, options),
  },
  EnrichmentCacheOptions: {
    path: "enrichPrincipal.cache",
    create: (cache) => library.enrichPrincipal(() => null, { cache: cache as { time: string } }),
  },
  HeaderPrincipalOptions: {
    path: "principalFrom.header",
    create: (options) => library.principalFrom.header(options as never),
  },
  OauthGuardOptions: {
    path: "oauthGuard",
    create: (options) => oauthGuard({ issuer, audience, ...options }),
  },
  TokenVerifierOptions: {
    path: "createTokenVerifier",
    create: (options) => library.createTokenVerifier({ issuer, audience, ...options }),
  },
  IssuerOptions: {
    path: "oauthGuard.issuer[0]",
    create: (options) => oauthGuard({ audience, issuer: [{ issuer, ...options }] }),
  },
  AcceptWithoutOptions: {
    path: "oauthGuard.acceptWithout",
    create: (acceptWithout) =>
      oauthGuard({
        issuer,
        audience,
        secret: "correct horse battery staple, and more of it",
        anyTokenType: true,
        acceptWithout: acceptWithout as never,
      }),
  },
  KeyFetchOptions: {
    path: "oauthGuard.keys",
    create: (keys) => oauthGuard({ issuer, audience, keys }),
  },
  TokenCacheOptions: {
    path: "oauthGuard.cache",
    create: (cache) => oauthGuard({ issuer, audience, cache }),
  },
  FailedVerificationsOptions: {
    path: "oauthGuard.failedVerifications",
    create: (failedVerifications) => oauthGuard({ issuer, audience, failedVerifications }),
  },
  ClaimMapping: {
    path: "oauthGuard.principal",
    create: (principal) => oauthGuard({ issuer, audience, principal }),
  },
  SubjectSource: {
    path: "oauthGuard.principal.subject[0]",
    create: (source) =>
      oauthGuard({ issuer, audience, principal: { subject: [source as { path: string }] } }),
  },
  ClaimSource: {
    path: "oauthGuard.principal.roles[0]",
    create: (source) =>
      oauthGuard({ issuer, audience, principal: { roles: [source as { path: string }] } }),
  },
  RedisStoreOptions: {
    path: "redisStore",
    create: (options) => library.redisStore(redisClient as never, options),
  },
  RateLimitOptions: {
    path: "rateLimit",
    given: { limit: 77, window: "3m" },
    create: rateLimit,
  },
  RateLimitPolicy: {
    path: "rateLimit.policies[0]",
    given: { limit: 77, window: "3m" },
    create: (policy) => rateLimit({ policies: [policy as { limit: number; window: string }] }),
  },
  RateLimitTier: {
    path: 'rateLimit.tiers["a"]',
    given: { limit: 77, window: "3m" },
    create: (a) => rateLimit({ tier: () => "a", tiers: { a: a as library.RateLimitTier } }),
  },
  SlowDownOptions: {
    path: "rateLimit.slowDown",
    given: { from: 0.5, step: "7ms" },
    create: (slowDown) => rateLimit({ limit: 77, window: "3m", slowDown: slowDown as never }),
  },
  BlockOptions: {
    path: "rateLimit.block",
    create: (block) => rateLimit({ limit: 77, window: "3m", block }),
  },
  LoginThrottleOptions: {
    path: "loginThrottle",
    given: { user: () => "alice" },
    create: (options) => library.loginThrottle(options as library.LoginThrottleOptions),
  },
  FailureLimit: {
    path: "loginThrottle.pair",
    given: { limit: 7, window: "3m" },
    create: (pair) => library.loginThrottle({ user: () => "alice", pair: pair as never }),
  },
  AccountSlowDown: {
    path: "loginThrottle.account",
    create: (account) => library.loginThrottle({ user: () => "alice", account }),
  },
  PreflightPolicy: {
    path: "rateLimit.preflight",
    given: { limit: 77, window: "3m" },
    create: (preflight) => rateLimit({ limit: 77, window: "3m", preflight: preflight as never }),
  },
  RateLimitHeaders: {
    path: "rateLimit.headers",
    create: (headers) => rateLimit({ limit: 77, window: "3m", headers }),
  },
  ExpressRateLimitOptions: { path: "rateLimit", create: expressRateLimit.rateLimit },
  MemoryStoreOptions: {
    path: "MemoryStore",
    create: (options) => new expressRateLimit.MemoryStore(options),
  },
  SecureHeadersOptions: { path: "secureHeaders", create: secureHeaders },
  LoadSheddingOptions: {
    path: "loadShedding",
    create: (options) => closing(server.loadShedding(options)),
  },
  DelayRamp: {
    path: "loadShedding.eventLoopDelay",
    create: (eventLoopDelay) => closing(server.loadShedding({ eventLoopDelay })),
  },
  RatioRamp: {
    path: "loadShedding.heap",
    create: (heap) => closing(server.loadShedding({ heap })),
  },
  RequestDeadlineOptions: {
    path: "requestDeadline",
    given: { timeout: "30s" },
    create: (options) => server.requestDeadline({ timeout: "30s", ...options }),
  },
  HeaderOverrides: {
    path: "secureHeaders.override",
    create: (overrides) => secureHeaders().override(overrides),
  },
  ReportCollectorOptions: { path: "reportCollector", create: library.reportCollector },
  HstsOptions: { path: "secureHeaders.hsts", create: (hsts) => secureHeaders({ hsts }) },
  CspOptions: { path: "secureHeaders.csp", create: (csp) => secureHeaders({ csp }) },
  ReportingOptions: {
    path: "secureHeaders.reporting",
    create: (reporting) =>
      secureHeaders({ reporting: reporting as { endpoints: Record<string, string> } }),
  },
  CorsOptions: {
    path: "secureHeaders.cors",
    create: (cors) => secureHeaders({ cors: cors as { origins: string } }),
  },
  CrossOriginGuardOptions: {
    path: "secureHeaders.crossOriginGuard",
    create: (crossOriginGuard) => secureHeaders({ crossOriginGuard }),
  },
  HardenServerOptions: {
    path: "hardenServer",
    create: (options) => server.hardenServer(createServer(), options),
  },
  GracefulShutdownOptions: {
    path: "gracefulShutdown",
    create: (options) => server.gracefulShutdown(createServer(), options),
  },
  ReadyzOptions: { path: "readyz", create: server.readyz },
  CertificateBindingOptions: {
    path: "oauthGuard.certificateBinding",
    create: (certificateBinding) => oauthGuard({ issuer, audience, certificateBinding }),
  },
  SecureServerOptions: {
    path: "createSecureServer",
    given: pem,
    create: (options) => server.createSecureServer(none, options),
  },
  CredentialOptions: {
    path: 'createSecureServer.names["localhost"]',
    given: pem,
    create: (localhost) => server.createSecureServer(none, { ...pem, names: { localhost } }),
  },
  MtlsOptions: {
    path: "createSecureServer.mtls",
    given: { ca: pem.cert },
    create: (mtls) => server.createSecureServer(none, { ...pem, mtls }),
  },
  ReloadOptions: {
    path: "createSecureServer.reload",
    create: (reload) => server.createSecureServer(none, { ...pem, reload }),
  },
  TicketOptions: {
    path: "createSecureServer.tickets",
    create: (tickets) => server.createSecureServer(none, { ...pem, tickets }),
  },
  ReloadedCredentials: {
    path: "server.reload",
    given: pem,
    create: (options) => readReplacement(options, inMemory),
  },
  AuditTlsOptions: {
    path: "auditTls",
    create: (options) => readAuditTarget("127.0.0.1", 8443, options),
  },
  HttpsOptions: {
    path: "secureHeaders.https",
    given: { host: "api.example.com" },
    create: (https) => secureHeaders({ https }),
  },
  HostsOptions: {
    path: "secureHeaders.hosts",
    given: { allowed: "api.example.com" },
    create: (hosts) => secureHeaders({ hosts: hosts as { allowed: string } }),
  },
  TestIssuerOptions: { path: "createTestIssuer", create: createTestIssuer },
  MintOverrides: {
    path: "mint",
    create: (overrides) => createTestIssuer().mint({}, overrides),
  },
};

/** It samples the process until it is closed. */
function closing(shedding: server.LoadShedding): unknown {
  void shedding.close();
  return shedding;
}

function pemOf({ key, cert }: { readonly key: string; readonly cert: string }) {
  return { key, cert };
}

function secureApiWith(options: object): unknown {
  return library.secureApi({ oauthGuard: false, rateLimit: false, auditLog: false, ...options });
}

/** Short enough to be printed. */
const UNKNOWN = "qqqqqqq";
const METHODS = [
  "boolean",
  "duration",
  "integer",
  "number",
  "oneOf",
  "size",
  "string",
  "strings",
] as const;

/**
 * The options that stand at a place, as the code knows them. The factory gets an option that nobody knows: its message
 * lists the names of all others, and how they are read shows their defaults.
 */
export function optionsAt({ path, given, create }: Place): ReadonlyMap<string, KnownOption> {
  const defaults = new Map<string, string | undefined>();
  const spies = METHODS.map((method) => {
    const spy = vi.spyOn(OptionsReader.prototype, method);
    return { method, spy };
  });
  let problems: readonly string[] = [];
  try {
    create({ ...given, [UNKNOWN]: true });
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    problems = error.problems;
  }
  for (const { method, spy } of spies) {
    spy.mock.contexts.forEach((reader, call) => {
      const [key, ...rest] = spy.mock.calls[call] as [string, ...unknown[]];
      if ((reader as OptionsReader<never>).path === path)
        defaults.set(key, defaultOf(method, rest));
    });
    spy.mockRestore();
  }
  const start = `${path} must not have an option "${UNKNOWN}": known options are `;
  const names = problems.find((problem) => problem.startsWith(start))?.slice(start.length) ?? "";
  return new Map(
    names.split(", ").map((name) => [name, { defaultText: defaults.get(name) }] as const),
  );
}

interface Presence {
  readonly required?: boolean;
  readonly default?: unknown;
}

function defaultOf(method: (typeof METHODS)[number], args: readonly unknown[]): string | undefined {
  const presence = (args.at(method === "oneOf" ? 1 : 0) ?? {}) as Presence;
  if (presence.required === true) return "required";
  const fallback =
    presence.default ??
    (method === "boolean" ? false : method === "oneOf" ? (args[0] as string[])[0] : undefined);
  return fallback === undefined ? undefined : JSON.stringify(fallback);
}
