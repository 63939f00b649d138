import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as openTelemetry from "@opentelemetry/api";
import * as promClient from "prom-client";
import { describe, expect, it } from "vitest";
import { ALERT_TO_HINTS } from "../../src/audit-log/alert-to.js";
import { ALERT_RULE_HINTS } from "../../src/audit-log/alerts/rules/read-alert-rules.js";
import { ALERT_HINTS, THRESHOLD_HINTS } from "../../src/audit-log/alerts/rules/read-alerts.js";
import { INTEGRITY_HINTS } from "../../src/audit-log/chain/read-integrity.js";
import { FIELD_HINTS } from "../../src/audit-log/fields/read-fields.js";
import {
  FILE_KEEPING_HINTS,
  RETENTION_HINTS,
  ROTATION_HINTS,
} from "../../src/audit-log/files/read-file-keeping.js";
import { alertTo, auditLog, fileSink } from "../../src/audit-log/index.js";
import {
  OPEN_TELEMETRY_METRICS_HINTS,
  openTelemetryMetrics,
} from "../../src/audit-log/open-telemetry-metrics.js";
import { PRIVACY_HINTS } from "../../src/audit-log/privacy/read-privacy.js";
import {
  PROMETHEUS_METRICS_HINTS,
  prometheusMetrics,
} from "../../src/audit-log/prometheus-metrics.js";
import { AUDIT_LOG_HINTS, TRUST_HINTS } from "../../src/audit-log/read-audit-log-options.js";
import { SAMPLE_HINTS } from "../../src/audit-log/sampling/read-sample.js";
import { FILE_SINK_HINTS } from "../../src/audit-log/sinks/file-sink.js";
import { ALLOW_FIELDS_HINTS } from "../../src/authorization/allow-fields.js";
import { CEDAR_HINTS, cedar } from "../../src/authorization/cedar/cedar.js";
import { ROLE_HINTS } from "../../src/authorization/define-roles.js";
import { LOAD_HINTS } from "../../src/authorization/guard/load-options.js";
import { REQUIRE_HINTS } from "../../src/authorization/guard/require-options.js";
import {
  BREAKER_HINTS,
  HTTP_ENGINE_HINTS,
} from "../../src/authorization/http-engines/http-engine-options.js";
import { OPA_HINTS, opa } from "../../src/authorization/http-engines/opa.js";
import {
  allowFields,
  authorize,
  authzen,
  defineRoles,
  owner,
  ownParam,
  requireOwnership,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
  role,
  stepUp,
} from "../../src/authorization/index.js";
import { OPA_WASM_HINTS, opaWasm } from "../../src/authorization/opa-wasm/opa-wasm.js";
import { OWN_PARAM_HINTS } from "../../src/authorization/own-param.js";
import { OWNERSHIP_HINTS } from "../../src/authorization/require-ownership.js";
import { STEP_UP_HINTS } from "../../src/authorization/rules/step-up.js";
import { COGNITO_HINTS, cognito } from "../../src/claims/clouds/cognito.js";
import { ENTRA_HINTS, entra } from "../../src/claims/clouds/entra.js";
import { FIREBASE_HINTS, firebase } from "../../src/claims/clouds/firebase.js";
import { GOOGLE_IAP_HINTS, googleIap } from "../../src/claims/clouds/google-iap.js";
import { AUTHENTIK_HINTS, authentik } from "../../src/claims/servers/authentik.js";
import { KEYCLOAK_HINTS, keycloak } from "../../src/claims/servers/keycloak.js";
import { ZITADEL_HINTS, zitadel } from "../../src/claims/servers/zitadel.js";
import { AUTH0_HINTS, auth0 } from "../../src/claims/services/auth0.js";
import { OKTA_HINTS, okta } from "../../src/claims/services/okta.js";
import { SUPABASE_HINTS, supabase } from "../../src/claims/services/supabase.js";
import { OptionsError } from "../../src/core/options/options-error.js";
import { FORM_BODY_HINTS, formBody } from "../../src/json-body/form-body.js";
import { JSON_BODY_HINTS, jsonBody } from "../../src/json-body/json-body.js";
import { STRUCTURAL_GUARD_HINTS, structuralGuard } from "../../src/json-body/structural-guard.js";
import { CERTIFICATE_BINDING_HINTS } from "../../src/oauth-guard/binding/read-certificate-binding.js";
import { createTokenVerifier } from "../../src/oauth-guard/index.js";
import { OAUTH_GUARD_HINTS, oauthGuard } from "../../src/oauth-guard/oauth-guard.js";
import { ISSUER_HINTS } from "../../src/oauth-guard/read-issuers.js";
import { KEY_FETCH_HINTS, VERIFIER_HINTS } from "../../src/oauth-guard/read-verifier-options.js";
import {
  ENRICH_PRINCIPAL_HINTS,
  ENRICHMENT_CACHE_HINTS,
  enrichPrincipal,
} from "../../src/principal/enrich-principal.js";
import { HEADER_PRINCIPAL_HINTS, headerPrincipal } from "../../src/principal/header-principal.js";
import { PRINCIPAL_FROM_HINTS, principalFrom } from "../../src/principal/principal-from.js";
import { SESSION_HINTS, session } from "../../src/principal/session.js";
import { rateLimit as expressRateLimit } from "../../src/rate-limit/express-rate-limit/index.js";
import { EXPRESS_RATE_LIMIT_HINTS } from "../../src/rate-limit/express-rate-limit/options/hints.js";
import { loginThrottle, rateLimit } from "../../src/rate-limit/index.js";
import { LOGIN_HINTS } from "../../src/rate-limit/login-throttle.js";
import { POLICY_HINTS, RATE_LIMIT_HINTS } from "../../src/rate-limit/rate-limit-hints.js";
import { REDIS_STORE_HINTS, redisStore } from "../../src/rate-limit/redis/redis-store.js";
import { PATH_HINTS } from "../../src/secure-api/path-check.js";
import { ROW_HINTS } from "../../src/secure-api/routes/row-options.js";
import { secureApi } from "../../src/secure-api/secure-api.js";
import { SECURE_API_HINTS } from "../../src/secure-api/secure-api-options.js";
import { CORS_HINTS } from "../../src/secure-headers/cors/cors-options.js";
import { CROSS_ORIGIN_GUARD_HINTS } from "../../src/secure-headers/cross-origin/cross-origin-guard.js";
import { CSP_HINTS } from "../../src/secure-headers/csp/csp-options.js";
import { HELMET_HINTS, HELMET_NAMES } from "../../src/secure-headers/headers/helmet-options.js";
import { HOSTS_HINTS } from "../../src/secure-headers/hosts/hosts-options.js";
import { HTTPS_HINTS } from "../../src/secure-headers/https/https-options.js";
import { HEADER_OVERRIDE_HINTS } from "../../src/secure-headers/overrides/header-overrides.js";
import { REPORTING_HINTS } from "../../src/secure-headers/policies/reporting.js";
import { reportCollector } from "../../src/secure-headers/report-collector.js";
import { REPORT_COLLECTOR_HINTS } from "../../src/secure-headers/report-collector-options.js";
import { secureHeaders } from "../../src/secure-headers/secure-headers.js";
import { SECURE_HEADERS_HINTS } from "../../src/secure-headers/secure-headers-options.js";
import { gracefulShutdown, SHUTDOWN_HINTS } from "../../src/server/graceful-shutdown.js";
import { HARDEN_HINTS, hardenServer } from "../../src/server/harden-server.js";
import { createSecureServer } from "../../src/server/index.js";
import { loadShedding } from "../../src/server/load-shedding.js";
import { LOAD_SHEDDING_HINTS, RAMP_HINTS } from "../../src/server/load-shedding-options.js";
import { AUDIT_TLS_HINTS, readAuditTarget } from "../../src/server/read-audit-target.js";
import {
  CREDENTIAL_HINTS,
  MTLS_HINTS,
  RELOAD_HINTS,
  SECURE_SERVER_HINTS,
  TICKET_HINTS,
} from "../../src/server/read-secure-server.js";
import { READYZ_HINTS, readyz } from "../../src/server/readyz.js";
import { requestDeadline } from "../../src/server/request-deadline.js";
import { REQUEST_DEADLINE_HINTS } from "../../src/server/request-deadline-options.js";
import { validate } from "../../src/validate/index.js";
import { VALIDATE_HINTS } from "../../src/validate/validate-options.js";
import { createCertificate } from "../support/certificates.js";
import { sourceFiles } from "../support/source-files.js";

interface Place {
  /** Where the options stand, as the message names them. */
  readonly path: string;
  /** Gives these options to the factory, among others that are right. */
  readonly create: (options: object) => unknown;
}

interface HintTable {
  readonly name: string;
  readonly hints: Readonly<Record<string, string>>;
  readonly places: readonly Place[];
  /** What other packages call it, and what our message says: a name of ours or a whole sentence. */
  readonly says: Readonly<Record<string, string>>;
}

const ISSUER = { issuer: "https://issuer.example", audience: "https://api.example" };
const POLICY = { limit: 1, window: "1m" };
const FIELDS_OF_THE_APP = "call auditFields(req, { orderId }) in a handler, for fields of your own";
const NO_PARTS = { oauthGuard: false, rateLimit: false, auditLog: false } as const;
const FILES_UTC =
  "leave it out, days and hours are those of UTC, and so are the names of closed files";
const FILE_KEEPING = {
  rotation: "rotate",
  interval: "rotate.interval",
  frequency: "rotate.interval",
  size: "rotate.size",
  maxSize: "rotate.size",
  maxsize: "rotate.size",
  maxFiles: "retention.files",
  keepDays: "retention.age",
  maxAge: "retention.age",
  maxTotalSize: "retention.size",
  compress: "write gzip: true",
  zippedArchive: "write gzip: true",
  utc: FILES_UTC,
  datePattern: FILES_UTC,
};
const FOLDER = mkdtempSync(join(tmpdir(), "option-hints-"));

const { key, cert } = createCertificate("localhost");
const PEM = { key, cert };
const SIGNING_KEY = generateKeyPairSync("ed25519").privateKey;
const KEY_FILE = join(FOLDER, "key.pem");
const CERT_FILE = join(FOLDER, "cert.pem");
writeFileSync(KEY_FILE, key);
writeFileSync(CERT_FILE, cert);
const app = () => undefined;
const CREDENTIAL_NAMES = {
  certificate: "cert",
  privateKey: "key",
  keyPath: "keyFile",
  certPath: "certFile",
};
const CLIENT_CERTIFICATES = "write mtls: { caFile } where it says whose certificates count";
const OF_PROFILE = "leave it out, the profile says it";
const KEY =
  "write secret for a secret shared with the issuer (HS256), publicKey for a public key in PEM";
const TOKEN_REQUIRED =
  "leave it out, a token is required by default; optional: true lets requests without one pass";
const OWN_FETCH =
  "write fetch, a function that calls a fetch with the agent or dispatcher of your choice";
const TOKEN_PLACE =
  "leave it out, tokens are taken from the Authorization field and nowhere else; createTokenVerifier verifies those that come another way";
const CLAIMS_PLACE =
  "leave it out, handlers read the claims with getAuth(req), or from req.auth.payload";
const ROLES_CLAIM =
  'write rolesClaim, the whole name of the claim: "https://api.example.com/roles"';
const NO_FETCH_RATE =
  "leave it out, unknown key ids fetch the key set at most once per keys.cooldown, however many there are";
const KEY_FETCH = "write keys: { fetch }, a function that calls a fetch with what it needs";
const CERTIFICATES =
  "leave it out, certificates are always checked: NODE_EXTRA_CA_CERTS names a CA of your own";
const RAW_BYTES =
  'the raw bytes are not handed out, leave the path to a parser that keeps them: except: ["POST /webhooks/*"]';
const TRUST_PROXY =
  'Express has this setting: write app.set("trust proxy", …) with the number or the addresses of your proxies';
const ALL_COUNT =
  "leave it out, what fails counts as well: it costs work, and clients could send as much of it as they like";
const FAILURES =
  'write count: "failures", which gives the charge of an answer of 2xx or 304 back, or count: (req, res) => …, which returns true for what counts: the opposite of success';
const IN_MILLISECONDS =
  'did you mean "windowMs"? it is a number of milliseconds: 60000 is one minute';
const NOT_COUNTED =
  "write skip, a function that returns true for what is not counted; decide by nothing that the client can choose";
const UNCOUNTED =
  "while the store fails, requests are answered 503; passOnStoreError: true lets them pass uncounted";
const NOT_SLOWED =
  "it is an option of express-slow-down, and slows nothing down here: keep that package for it";
const STORE_CLIENT = "store takes no client: wrap it, as in store: new RedisStore({ sendCommand })";
const PERMISSIONS_POLICY =
  'helmet does not know it: write permissionsPolicy beside helmet, as in permissionsPolicy: { camera: "none" }';
const GUARD = "write oauthGuard: { issuer, audience }, which verifies access tokens";
const LIMITS = 'write rateLimit: { limit: 100, window: "1m" }';
const HEADERS =
  "leave it out, the headers are sent by default; single ones are changed or turned off in secureHeaders: { helmet: { … } }";
const IN_HEADERS = "it is an option of secureHeaders, write it there: secureHeaders: { … }";
const LOG =
  "leave it out, one record per request is written to stdout by default; auditLog: { sinks: […] } writes them elsewhere";
const REPORT =
  'leave it out to refuse, write mode: "report" to let every request pass and only record refusals';
const SHARED_SECRET =
  "a key that everybody who verifies must know proves nothing, give an Ed25519 private key to signingKey";
const WHOLE_HOST = "leave it out, it holds for the whole host, whatever the path";
const HEADERS_ALONE =
  "leave it out, headers alone can be different: what is refused is decided by secureHeaders itself";
const HTTPS_PROXY = 'write app.set("trust proxy", 1), or the networks of the proxies';
const UTF8_ONLY = "leave it out, forms are read as UTF-8, and any other charset is refused";
const ENRICH = "write enrich: async (principal) => ({ roles: await rolesOf(principal.subject) })";
const BODY = "write jsonBody: {} to parse JSON bodies, mount validate on the routes to check them";
const ROW_SCHEMA = "write validate: { body: schema }, or query, params, headers or cookies";
const ROW_CALLER = "write authorize: authenticated(), which lets every known caller pass";
const ROW_OPEN = 'write public: "why it is open", and only on routes that everybody may call';
const ROW_LIMIT = 'write rateLimit: { limit: 10, window: "1m" }';
const ROW_OWNER = "write ownParam for an id in the path, or use: requireOwnership({ load, owner })";
const ROWS = 'write routes: { "POST /orders": { requireScope: "orders:write" } }';
const OTHERWISE =
  'write otherwise: "authenticated" or "deny", which decides about requests that no row covers';
const LAST = "write app.use(notFound()) and app.use(errorHandler()) behind the last route";
const LOGGER =
  "give its transports to sinks, in a list: a logger may drop records by level or filter";
const PROBES =
  'nothing is left out but successful requests to the paths named in except: ["GET /health"]';
const SERVICE = "the records name the service by service: { name, version }";
const NOTHING_TO_HIDE =
  "leave it out: nothing of a request is recorded but fixed fields and what fields.headers names";
const SKIP =
  "write skip, a function that returns true for what no policy counts; decide by nothing that the client can choose";
const KEY_GENERATOR =
  'did you mean "key"? it gets the request alone, and returns a text, or undefined to count by address: (req) => String(req.user.id)';
const SLOW_DOWN =
  'write slowDown: { from: 0.5, step: "100ms", max: "2s" }, beside the limit from which on requests are refused';
const STORE = "store takes no client of Redis: wrap it, as in store: redisStore(client)";
const STORE_TIMEOUT = "the limiter has the deadline: write storeTimeout beside store";
const FIRST_ARGUMENT = "the client is the first argument: redisStore(client)";
const none = () => undefined;
const REDIS = { status: "ready", evalsha: none, eval: none, connect: none, on: none };
const NEVER_UNCOUNTED =
  'while the store fails, requests are counted in memory (onStoreError: "fallback", the default) or refused ("reject"), not let through uncounted';
const UNKNOWN_FIELDS =
  'fields that no schema names are refused by default; unknown: "strip" leaves them out, "allow" lets them pass';
const ALL_ERRORS = "the answer names up to 20 errors; maxErrors sets another number, from 1 to 100";

const SESSION =
  "write authenticate: session((session) => …), and mount express-session or cookie-session in front of secureApi";
const SESSION_MAKERS =
  "express-session and cookie-session have this option: session() reads what they made of the request, mount one of them in front";

const ALERT_PLACE =
  'subscribe to the node:diagnostics_channel "express-secure-api:alert", or give the log a sink';
const ALWAYS_RECORDED =
  "refusals, errors and writes are always recorded: success names the part of the other requests";

const SHEDDING =
  "write loadShedding: {}, which refuses requests while the process has too much to do";
const DEADLINE = 'write requestDeadline: { timeout: "30s" }';
const DELAY = 'write eventLoopDelay: { from: "100ms", to: "500ms" }';
const UTILIZATION = "write utilization: { from: 0.97, to: 1 }";
const HEAP = "write heap: { from: 0.85, to: 0.95 }, as parts of the limit of V8";
const SAMPLED = "leave it out: the process is sampled four times a second";
const NEVER_SHED = "write critical, with the patterns of the requests that must never be shed";
const NO_DEADLINE = 'write routes: { "GET /events": "none" }';

const OF_ISSUERS = {
  algorithm: "algorithms",
  tokenSigningAlg: "algorithms",
  aud: "audience",
  iss: "issuer",
  issuerBaseURL: "issuer",
  claimMapping: "principal",
  mapClaims: "principal",
  clientId: "clientIds",
  jwksUrl: "jwksUri",
  jwksURL: "jwksUri",
  secretOrKey: KEY,
  secretOrPublicKey: KEY,
  strict: 'write profile: "rfc9068" to demand typ: at+jwt and every claim of RFC 9068',
};
const OF_VERIFIERS = {
  ...OF_ISSUERS,
  clockSkew:
    'did you mean "clockTolerance"? clockSkew counts seconds, clockTolerance is a text with a unit: 5 is "5s"',
  cooldownDuration:
    'did you mean "keys.cooldown"? cooldownDuration counts milliseconds, keys.cooldown is a text with a unit: 30000 is "30s"',
  timeoutDuration:
    'did you mean "keys.timeout"? timeoutDuration counts milliseconds, keys.timeout is a text with a unit: 5000 is "5s"',
  cacheMaxAge:
    'did you mean "keys.maxAge"? cacheMaxAge counts milliseconds, keys.maxAge is a text with a unit: 600000 is "10m"',
  maxAge:
    'did you mean "maxTokenAge"? maxAge counts seconds, maxTokenAge is a text with a unit: 3600 is "1h"',
  maxTokenLength: "maxTokenSize",
  requiredScopes: "scopes",
  scope: "scopes",
  ignoreExpiration: "tokens past exp are always refused: leave it out",
  rateLimit: NO_FETCH_RATE,
  jwksRequestsPerMinute: NO_FETCH_RATE,
  cacheMaxEntries: "leave it out, the whole key set is kept, for as long as keys.maxAge says",
  requestAgent: KEY_FETCH,
  requestHeaders: KEY_FETCH,
  strictSsl: CERTIFICATES,
  customFetch: "keys.fetch",
  fetcher: "keys.fetch",
  validators:
    'write requiredClaims: { type: "access" } for claims with fixed values, look at others in the handler with getAuth(req), or map them for requireRole with principal',
};
const ROLE =
  "mount requireRole behind the guard, on the routes that need the role: oauthGuard only says who calls";
const OF_POLICIES = {
  max: "limit",
  points: "limit",
  tokensPerInterval: "limit",
  windowMs:
    'did you mean "window"? windowMs counts milliseconds, window is a text with a unit: 60000 is "1m"',
  duration:
    'did you mean "window"? duration counts seconds, window is a text with a unit: 60 is "1m"',
  timeWindow:
    'did you mean "window"? timeWindow counts milliseconds, window is a text with a unit: 60000 is "1m"',
  interval:
    'did you mean "window"? interval counts milliseconds, window is a text with a unit: 60000 is "1m"',
  ttl: 'did you mean "window"? ttl counts milliseconds (seconds before @nestjs/throttler 5), window is a text with a unit: 60000 is "1m"',
  keyGenerator: KEY_GENERATOR,
  getTracker: "key",
  identifier: "name",
  keyPrefix: "name",
  weight: "cost",
};
const OF_RULES = {
  dryRun: REPORT,
  reportOnly: REPORT,
  onError: "onDenied",
  onFailure: "onDenied",
  description:
    "a rule stands where the options do: put several into one, as in authorize(all(…)) or authorize(any(…))",
};
const HIDE = 'write onDeny: "hide" for 404, the default, or onDeny: "forbid" for 403';
const OF_LOAD = {
  ...OF_RULES,
  resource: "load",
  getResource: "load",
  fetch: "load",
  find: "load",
  loader: "load",
  hide: HIDE,
  notFound: HIDE,
  status: HIDE,
  as: "attach",
  key: "attach",
};
const ofOwner = (options: object) =>
  requireOwnership({ load: () => ({ of: "a" }), owner: "of", ...options });
const EXCEPTED = { unless: "orElse", bypass: "orElse", allow: "orElse" };

/** Every hint of every factory. None leads to a weaker setting: where the same value would, a sentence stands. */
const TABLES: readonly HintTable[] = [
  {
    name: "ISSUER_HINTS",
    hints: ISSUER_HINTS,
    places: [
      {
        path: "oauthGuard.issuer",
        create: (options) => oauthGuard({ issuer: { ...ISSUER, ...options } }),
      },
      {
        path: "oauthGuard.issuer[0]",
        create: (options) => oauthGuard({ issuer: [{ ...ISSUER, ...options }] }),
      },
    ],
    says: OF_ISSUERS,
  },
  {
    name: "VERIFIER_HINTS",
    hints: VERIFIER_HINTS,
    places: [
      {
        path: "createTokenVerifier",
        create: (options) => createTokenVerifier({ ...ISSUER, ...options }),
      },
    ],
    says: OF_VERIFIERS,
  },
  {
    name: "KEY_FETCH_HINTS",
    hints: KEY_FETCH_HINTS,
    places: [
      {
        path: "oauthGuard.keys",
        create: (keys) => oauthGuard({ ...ISSUER, keys }),
      },
    ],
    says: {
      agent: OWN_FETCH,
      dispatcher: OWN_FETCH,
      requestAgent: OWN_FETCH,
      requestHeaders: OWN_FETCH,
      rateLimit: NO_FETCH_RATE,
      jwksRequestsPerMinute: NO_FETCH_RATE,
      strictSsl: CERTIFICATES,
    },
  },
  {
    name: "OAUTH_GUARD_HINTS",
    hints: OAUTH_GUARD_HINTS,
    places: [{ path: "oauthGuard", create: (options) => oauthGuard({ ...ISSUER, ...options }) }],
    says: {
      ...OF_VERIFIERS,
      authRequired: TOKEN_REQUIRED,
      credentialsRequired: TOKEN_REQUIRED,
      required: TOKEN_REQUIRED,
      role: ROLE,
      roles: ROLE,
      getToken: TOKEN_PLACE,
      jwtFromRequest: TOKEN_PLACE,
      requestProperty: CLAIMS_PLACE,
      userProperty: CLAIMS_PLACE,
      resultProperty: CLAIMS_PLACE,
      passReqToCallback:
        "leave it out, there is no callback: handlers read the claims with getAuth(req)",
      jsonWebTokenOptions:
        'write what stands in it here, such as clockTolerance: "5s" and maxTokenAge: "1h"',
      authScheme: "schemes",
      secretOrKeyProvider:
        "leave it out, the keys are found in the metadata of the issuer, or where jwksUri says",
      isRevoked:
        "leave it out, the guard asks nobody whether a token was revoked: enrichPrincipal behind it can, and its function returns null for such a token",
      onExpired:
        "tokens past exp are always refused: leave it out, onDenied can answer the refusal",
    },
  },
  {
    name: "REQUIRE_HINTS",
    hints: REQUIRE_HINTS,
    places: [
      { path: "requireRole", create: (options) => requireRole("a", options) },
      { path: "requireScope", create: (options) => requireScope("a", options) },
      { path: "requireScope.any", create: (options) => requireScope.any("a", options) },
      { path: "requirePermission", create: (options) => requirePermission("a", options) },
      { path: "requirePermission.any", create: (options) => requirePermission.any("a", options) },
      {
        path: "requireStepUp",
        create: (options) => requireStepUp({ maxAge: "5m", ...(options as object) }),
      },
      { path: "authorize", create: (options) => authorize(role("a"), options) },
    ],
    says: OF_RULES,
  },
  {
    name: "LOAD_HINTS",
    hints: LOAD_HINTS,
    places: [
      {
        path: "authorize",
        create: (options) => authorize(owner("a"), { load: () => ({}), ...options }),
      },
      { path: "requireOwnership", create: ofOwner },
    ],
    says: OF_LOAD,
  },
  {
    name: "OWNERSHIP_HINTS",
    hints: OWNERSHIP_HINTS,
    places: [{ path: "requireOwnership", create: ofOwner }],
    says: {
      ...OF_LOAD,
      ownerField: "owner",
      ownerId: "owner",
      userField: "owner",
      userId: "owner",
      possession: "owner",
      ...EXCEPTED,
    },
  },
  {
    name: "ALLOW_FIELDS_HINTS",
    hints: ALLOW_FIELDS_HINTS,
    places: [
      { path: "allowFields", create: (options) => allowFields({ write: ["a"], ...options }) },
    ],
    says: {
      attributes: "write",
      fields: "write",
      permittedFieldsOf: "write",
      allowed: "write",
      body: "write",
      whitelist: "write",
      response: "read",
      filter: "read",
      expose: "read",
      forbidUnknown:
        'leave it out, unknown members are refused; onViolation: "strip" takes them out',
      stripUnknown: 'write onViolation: "strip"',
    },
  },
  {
    name: "OWN_PARAM_HINTS",
    hints: OWN_PARAM_HINTS,
    places: [{ path: "ownParam", create: (options) => ownParam("a", options as never) }],
    says: {
      ...OF_RULES,
      ...EXCEPTED,
      field: "claim",
      load: 'there is no object to load: write requireOwnership({ load, owner: "userId" })',
      onDeny:
        "leave it out: 403 is the answer for every other value, so it tells nobody which exist",
    },
  },
  {
    name: "STEP_UP_HINTS",
    hints: STEP_UP_HINTS,
    places: [
      { path: "stepUp", create: (options) => stepUp({ maxAge: "5m", ...(options as object) }) },
      {
        path: "requireStepUp",
        create: (options) => requireStepUp({ maxAge: "5m", ...(options as object) }),
      },
    ],
    says: {
      acrValues: "acr",
      acr_values: "acr",
      max_age: "maxAge",
      mfa: 'write amr: "mfa", or the acr that your identity provider gives to a second factor',
    },
  },
  {
    name: "ROLE_HINTS",
    hints: ROLE_HINTS,
    places: [
      {
        path: "defineRoles.admin",
        create: (options) => defineRoles({ admin: options as never }),
      },
    ],
    says: {
      extends: "includes",
      inherits: "includes",
      implies: "includes",
      grants: "permissions",
      can: "permissions",
    },
  },
  {
    name: "PRINCIPAL_FROM_HINTS",
    hints: PRINCIPAL_FROM_HINTS,
    places: [{ path: "principalFrom", create: (options) => principalFrom(() => null, options) }],
    says: {
      onDenied: "it refuses nobody: requireRole and authorize behind it do, and they have onDenied",
    },
  },
  {
    name: "SESSION_HINTS",
    hints: SESSION_HINTS,
    places: [{ path: "session", create: (options) => session(() => null, options) }],
    says: {
      secret: SESSION_MAKERS,
      keys: SESSION_MAKERS,
      store: SESSION_MAKERS,
      cookie: SESSION_MAKERS,
      name: SESSION_MAKERS,
      resave: SESSION_MAKERS,
      saveUninitialized: SESSION_MAKERS,
    },
  },
  {
    name: "ENRICH_PRINCIPAL_HINTS",
    hints: ENRICH_PRINCIPAL_HINTS,
    places: [
      { path: "enrichPrincipal", create: (options) => enrichPrincipal(() => null, options) },
    ],
    says: {
      ttl: 'write cache: { time: "30s" }',
      maxAge: 'write cache: { time: "30s" }',
      override: 'write replace: ["roles"] for what the database alone decides',
      overwrite: 'write replace: ["roles"] for what the database alone decides',
      timeout: "leave it out, a promise of the function has 5 seconds",
    },
  },
  {
    name: "ENRICHMENT_CACHE_HINTS",
    hints: ENRICHMENT_CACHE_HINTS,
    places: [
      {
        path: "enrichPrincipal.cache",
        create: (cache) => enrichPrincipal(() => null, { cache: { time: "30s", ...cache } }),
      },
    ],
    says: { max: "size", maxSize: "size", maxAge: "time", ttl: "time" },
  },
  {
    name: "HEADER_PRINCIPAL_HINTS",
    hints: HEADER_PRINCIPAL_HINTS,
    places: [
      {
        path: "principalFrom.header",
        create: (options) =>
          headerPrincipal({ name: "X-User", trustedPeers: "10.0.0.5", ...options }),
      },
    ],
    says: {
      header: "name",
      headerName: "name",
      trustProxy:
        "name the gateways in trustedPeers, by address or network: true or a number of hops would trust whoever connects",
      trustedProxies: "trustedPeers",
    },
  },
  {
    name: "HTTP_ENGINE_HINTS",
    hints: HTTP_ENGINE_HINTS,
    places: [
      { path: "authzen", create: (options) => authzen({ url: "https://a.example", ...options }) },
    ],
    says: {
      endpoint: "url",
      baseUrl: "url",
      baseURL: "url",
      timeoutMs: 'write timeout: "250ms"',
      apiToken: "token",
      bearerToken: "token",
    },
  },
  {
    name: "OPA_HINTS",
    hints: OPA_HINTS,
    places: [
      {
        path: "opa",
        create: (options) => opa({ url: "https://a.example", path: "a", ...options }),
      },
    ],
    says: {
      endpoint: "url",
      baseUrl: "url",
      baseURL: "url",
      timeoutMs: 'write timeout: "250ms"',
      apiToken: "token",
      bearerToken: "token",
      package: 'write path: "httpapi/authz/allow"',
      rule: 'write path: "httpapi/authz/allow"',
    },
  },
  {
    name: "BREAKER_HINTS",
    hints: BREAKER_HINTS,
    places: [
      {
        path: "authzen.breaker",
        create: (breaker) => authzen({ url: "https://a.example", breaker }),
      },
    ],
    says: { threshold: "failures", resetTimeout: "pause" },
  },
  {
    name: "CEDAR_HINTS",
    hints: CEDAR_HINTS,
    places: [
      {
        path: "cedar",
        create: (options) =>
          cedar({ policies: "permit(principal, action, resource);", ...options }),
      },
    ],
    says: { policy: "policies", policySet: "policies", staticPolicies: "policies" },
  },
  {
    name: "OPA_WASM_HINTS",
    hints: OPA_WASM_HINTS,
    places: [
      {
        path: "opaWasm",
        create: (options) => opaWasm({ policy: { evaluate: () => [] }, ...options }),
      },
    ],
    says: { wasm: "policy", path: 'write entrypoint: "httpapi/authz/allow"' },
  },
  {
    name: "KEYCLOAK_HINTS",
    hints: KEYCLOAK_HINTS,
    places: [{ path: "keycloak", create: (options) => keycloak({ clientId: "a", ...options }) }],
    says: { resource: "clientId", client: "clientId" },
  },
  {
    name: "AUTH0_HINTS",
    hints: AUTH0_HINTS,
    places: [{ path: "auth0", create: auth0 }],
    says: { namespace: ROLES_CLAIM, roles: ROLES_CLAIM, claim: "rolesClaim" },
  },
  {
    name: "AUTHENTIK_HINTS",
    hints: AUTHENTIK_HINTS,
    places: [{ path: "authentik", create: authentik }],
    says: {
      roles: 'write groups: { "orders editors": "editor" }, which says what role a group has',
    },
  },
  {
    name: "COGNITO_HINTS",
    hints: COGNITO_HINTS,
    places: [{ path: "cognito", create: cognito }],
    says: { roles: 'write groups: { editors: "editor" }, which says what role a group has' },
  },
  {
    name: "ENTRA_HINTS",
    hints: ENTRA_HINTS,
    places: [{ path: "entra", create: entra }],
    says: { wids: "directoryRoles", groupRoles: "groups", groupMapping: "groups" },
  },
  {
    name: "FIREBASE_HINTS",
    hints: FIREBASE_HINTS,
    places: [{ path: "firebase", create: firebase }],
    says: { claim: "rolesClaim", flags: "roles" },
  },
  {
    name: "GOOGLE_IAP_HINTS",
    hints: GOOGLE_IAP_HINTS,
    places: [{ path: "googleIap", create: googleIap }],
    says: { levels: "accessLevels", groups: "accessLevels" },
  },
  {
    name: "OKTA_HINTS",
    hints: OKTA_HINTS,
    places: [{ path: "okta", create: okta }],
    says: {
      claim: "groupsClaim",
      roles: 'write groups: { "orders-editors": "editor" }, which says what role a group has',
    },
  },
  {
    name: "SUPABASE_HINTS",
    hints: SUPABASE_HINTS,
    places: [{ path: "supabase", create: supabase }],
    says: {
      claim: "rolesClaim",
      path: "rolesClaim",
      roles: 'write rolesClaim: ["app_metadata", "role"], where the roles are',
    },
  },
  {
    name: "ZITADEL_HINTS",
    hints: ZITADEL_HINTS,
    places: [{ path: "zitadel", create: (options) => zitadel({ orgId: "1", ...options }) }],
    says: { org: "orgId", organizationId: "orgId", project: "projectId" },
  },
  {
    name: "FORM_BODY_HINTS",
    hints: FORM_BODY_HINTS,
    places: [{ path: "formBody", create: (options) => formBody(options) }],
    says: {
      parameterLimit: "fields",
      maxFields: "fields",
      bodyLimit: "limit",
      maxSize: "limit",
      maxBodySize: "limit",
      maxDepth: "depth",
      exclude: "except",
      skip: 'no function decides what is left unread, name the paths in except: ["POST /webhooks/*"]',
      unless: "except",
      verify: RAW_BYTES,
      rawBody: RAW_BYTES,
      type: "leave it out, only application/x-www-form-urlencoded is read",
      inflate:
        "leave it out, gzip, deflate and br are decompressed, and limit counts what comes out",
      charsetSentinel: UTF8_ONLY,
      defaultCharset: UTF8_ONLY,
      interpretNumericEntities: UTF8_ONLY,
      arrayLimit: "leave it out, a list has at most as many items as the form may have fields",
    },
  },
  {
    name: "JSON_BODY_HINTS",
    hints: JSON_BODY_HINTS,
    places: [{ path: "jsonBody", create: (options) => jsonBody(options) }],
    says: {
      bodyLimit: "limit",
      maxSize: "limit",
      maxBodySize: "limit",
      maxDepth: "depth",
      exclude: "except",
      skip: 'no function decides what is left unread, name the paths in except: ["POST /webhooks/*"]',
      unless: "except",
      verify: RAW_BYTES,
      rawBody: RAW_BYTES,
      type: "leave it out, application/json and +json are read, and nothing that is not JSON by its media type",
      strict: "leave it out, only lists and objects are read",
      reviver: "leave it out, what JSON.parse makes of a body is validated and handed on",
      inflate:
        "leave it out, gzip, deflate and br are decompressed, and limit counts what comes out",
    },
  },
  {
    name: "STRUCTURAL_GUARD_HINTS",
    hints: STRUCTURAL_GUARD_HINTS,
    places: [{ path: "structuralGuard", create: (options) => structuralGuard(options) }],
    says: {
      maxDepth: "depth",
      parameterLimit: "nodes bounds the values of a part in all, keys the members of one object",
      arrayLimit: "items",
      maxItems: "items",
      maxKeys: "keys",
      maxNodes: "nodes",
      maxKeyLength: "keyLength",
      maxLength: "stringLength",
      maxStringLength: "stringLength",
    },
  },
  {
    name: "VALIDATE_HINTS",
    hints: VALIDATE_HINTS,
    places: [
      {
        path: "validate",
        create: (options) => validate({ body: { type: "object" }, ...options }),
      },
    ],
    says: {
      querystring: "query",
      path: "params",
      pathParams: "params",
      header: "headers",
      cookie: "cookies",
      signedCookies: "signatures of cookies are not checked here: cookies is what the client sent",
      validations: "chains",
      checks: "chains",
      allowUnknown: UNKNOWN_FIELDS,
      stripUnknown: UNKNOWN_FIELDS,
      additionalProperties: UNKNOWN_FIELDS,
      removeAdditional: UNKNOWN_FIELDS,
      abortEarly: ALL_ERRORS,
      allErrors: ALL_ERRORS,
      statusCode: "status",
      errorStatus: "status",
      consumes: "contentTypes",
      contentType: "contentTypes",
      onError: "onDenied",
      onInvalid: "onDenied",
    },
  },
  {
    name: "POLICY_HINTS",
    hints: POLICY_HINTS,
    places: [
      {
        path: "rateLimit.policies[0]",
        create: (options) => rateLimit({ policies: [{ ...POLICY, ...options }] }),
      },
    ],
    says: OF_POLICIES,
  },
  {
    name: "EXPRESS_RATE_LIMIT_HINTS",
    hints: EXPRESS_RATE_LIMIT_HINTS,
    places: [{ path: "rateLimit", create: (options) => expressRateLimit(options) }],
    says: {
      window: IN_MILLISECONDS,
      duration: IN_MILLISECONDS,
      ttl: IN_MILLISECONDS,
      timeWindow: IN_MILLISECONDS,
      points: "limit",
      policies:
        "a limiter of this entry has one limit: write several of them, or take rateLimit from express-secure-api/rate-limit",
      burst: "leave it out, windows are fixed here and limit can be used at once",
      cost: "leave it out, a request counts once here",
      key: "keyGenerator",
      name: "identifier",
      ipv6Prefix: "write ipv6Subnet, a number from 32 to 128",
      count: "write skipSuccessfulRequests: true to count failures only, or requestWasSuccessful",
      match: NOT_COUNTED,
      whitelist: NOT_COUNTED,
      allowList: NOT_COUNTED,
      maxKeys: "write store: new MemoryStore({ maxKeys: 100000 })",
      onStoreError: UNCOUNTED,
      skipOnError: UNCOUNTED,
      storeTimeout: "leave it out, a store has 5 seconds",
      onLimitReached: "write handler, which answers requests over the limit, or message",
      errorMessage: "write message, the body of the answer to requests over the limit",
      delayAfter: NOT_SLOWED,
      delayMs: NOT_SLOWED,
      maxDelayMs: NOT_SLOWED,
      draft_polli_ratelimit_headers: 'write standardHeaders: "draft-6"',
      trustProxy: TRUST_PROXY,
      redis: STORE_CLIENT,
      client: STORE_CLIENT,
    },
  },
  {
    name: "RATE_LIMIT_HINTS",
    hints: RATE_LIMIT_HINTS,
    places: [{ path: "rateLimit", create: (options) => rateLimit({ ...POLICY, ...options }) }],
    says: {
      ...OF_POLICIES,
      limits: "policies",
      throttlers: "policies",
      standardHeaders:
        "leave it out, RateLimit and RateLimit-Policy are sent by default; headers: { ietf: false } turns them off",
      legacyHeaders:
        "leave it out, X-RateLimit-* are sent by default; headers: { legacy: false } turns them off",
      ipv6Subnet: "ipv6Prefix",
      skipSuccessfulRequests: FAILURES,
      skipFailedRequests: ALL_COUNT,
      requestWasSuccessful: FAILURES,
      blockDuration:
        'write block: { after: 1, durations: ["5m"] }: a key that keeps being refused is blocked for so long',
      statusCode: "a refusal is 429 always; to answer in a format of your own write onDenied",
      requestPropertyName:
        "leave it out, nothing is put on the request: what is left stands in the header fields of the answer",
      validate:
        "leave it out, wrong options are errors at start-up and wrong settings are warnings",
      onLimitReached:
        "refusals are in the audit log; to answer in a format of your own write onDenied",
      logger:
        "leave it out, refusals are in the audit log, and faults of the setup are process warnings",
      trustProxy: TRUST_PROXY,
      delayAfter: SLOW_DOWN,
      delayMs: SLOW_DOWN,
      maxDelayMs: SLOW_DOWN,
      allowList: SKIP,
      whitelist: SKIP,
      skipIf: SKIP,
      handler: "write onDenied: (error, req, res, next) => …, it must answer the refusal",
      message: "refusals are problem documents; to answer in a format of your own write onDenied",
      passOnStoreError: NEVER_UNCOUNTED,
      skipOnError: NEVER_UNCOUNTED,
      insuranceLimiter:
        'leave it out, the memory of this process steps in while the store fails (onStoreError: "fallback")',
      redis: STORE,
      storeClient: STORE,
      allowlist: SKIP,
      requests: "limit",
      storage: "store",
    },
  },
  {
    name: "HARDEN_HINTS",
    hints: HARDEN_HINTS,
    places: [{ path: "hardenServer", create: (options) => hardenServer(createServer(), options) }],
    says: {
      timeout: "stallTimeout",
      idleTimeout: "keepAliveTimeout",
      headerTimeout: "headersTimeout",
      bodyTimeout: "requestTimeout",
      maxHeadersCount: "write maxHeaderSize: a number of fields would drop the rest without a word",
      connectionsCheckingInterval:
        "leave it out, hardenServer sets it: call hardenServer before the server listens",
      handshakeTimeout: "write it in the options of the server: tlsOptions() has it",
    },
  },
  {
    name: "SHUTDOWN_HINTS",
    hints: SHUTDOWN_HINTS,
    places: [
      { path: "gracefulShutdown", create: (options) => gracefulShutdown(createServer(), options) },
    ],
    says: {
      timeout: "grace",
      gracePeriod: "grace",
      gracefulTerminationTimeout: "grace",
      forceExit: "leave it out, the process ends by itself when all is over",
      signal: 'write signals: ["SIGTERM"]',
      onSignal: "onClose",
      onShutdown: "onClose",
      preShutdown: "onDrain",
      finally: "onClose",
      beforeShutdown: "write announce: how long to go on, with readyz answering 503",
      healthChecks: "write readyz({ checks }) and mount it",
      readyz: "readiness",
    },
  },
  {
    name: "READYZ_HINTS",
    hints: READYZ_HINTS,
    places: [{ path: "readyz", create: (options) => readyz(options) }],
    says: {
      healthChecks: "checks",
      check: "write checks: { name: () => … }",
      ttl: "cache",
      verbatim: 'write expose: "checks", which names the checks and not their errors',
      onError: "onFail",
    },
  },
  {
    name: "SECURE_HEADERS_HINTS",
    hints: SECURE_HEADERS_HINTS,
    places: [{ path: "secureHeaders", create: (options) => secureHeaders(options) }],
    says: {
      ...Object.fromEntries(HELMET_NAMES.map((name) => [name, `helmet.${name}`])),
      origin: "cors.origins",
      origins: "cors.origins",
      credentials: "cors.credentials",
      allowedHeaders: "cors.allowedHeaders",
      exposedHeaders: "cors.exposedHeaders",
      methods: "cors.methods",
      maxAge:
        "write hsts: { maxAge } for Strict-Transport-Security, cors: { maxAge } for preflights",
      exempt: "crossOriginGuard.exempt",
      nonce: "csp.nonce",
      cspNonce: "csp.nonce",
      enableCSPNonces: "csp.nonce",
      reportTo: "write reporting: { endpoints, contentSecurityPolicy }",
      reportingEndpoints: "reporting.endpoints",
      featurePolicy: 'write permissionsPolicy: { camera: "none" }',
      noCache: "leave it out, Cache-Control: no-store is sent by default",
      allowedHosts: "hosts",
      host: "https.host",
      forceHttps:
        'write https: { host: "api.example.com" }, which redirects browsers and refuses other plain requests',
      csrf: "there are no csrf tokens: crossOriginGuard: true refuses what pages of other sites send with the user's cookies",
      crossOrigin:
        "cors: { origins } lets pages of other origins read answers, crossOriginGuard: true refuses what they send with the user's cookies",
    },
  },
  {
    name: "HELMET_HINTS",
    hints: HELMET_HINTS,
    places: [
      { path: "secureHeaders.helmet", create: (options) => secureHeaders({ helmet: options }) },
    ],
    says: {
      csp: "contentSecurityPolicy",
      expectCt: "leave it out, browsers no longer read Expect-CT",
      featurePolicy: PERMISSIONS_POLICY,
      permissionsPolicy: PERMISSIONS_POLICY,
    },
  },
  {
    name: "CSP_HINTS",
    hints: CSP_HINTS,
    places: [{ path: "secureHeaders.csp", create: (options) => secureHeaders({ csp: options }) }],
    says: {
      nonces: "nonce",
      useNonce: "nonce",
      directives: "the policy itself stands in helmet: { contentSecurityPolicy: { directives } }",
      useDefaults: "the policy itself stands in helmet: { contentSecurityPolicy: { useDefaults } }",
      reportUri: "reporting: { endpoints, contentSecurityPolicy } says where browsers report to",
      reportTo: "reporting: { endpoints, contentSecurityPolicy } says where browsers report to",
    },
  },
  {
    name: "REPORTING_HINTS",
    hints: REPORTING_HINTS,
    places: [
      {
        path: "secureHeaders.reporting",
        create: (options) => secureHeaders({ reporting: { endpoints: { csp: "/r" }, ...options } }),
      },
    ],
    says: {
      csp: "contentSecurityPolicy",
      coop: "crossOriginOpenerPolicy",
      coep: "crossOriginEmbedderPolicy",
      url: "write endpoints: { csp: url }",
      endpoint: "write endpoints: { csp: url }",
      group: "write endpoints: { <group>: url }",
    },
  },
  {
    name: "HEADER_OVERRIDE_HINTS",
    hints: HEADER_OVERRIDE_HINTS,
    places: [
      {
        path: "secureHeaders.override",
        create: (options) => secureHeaders().override(options),
      },
      {
        path: 'secureHeaders.pages["/docs/*"]',
        create: (options) => secureHeaders({ pages: { "/docs/*": options } }),
      },
    ],
    says: {
      ...Object.fromEntries(HELMET_NAMES.map((name) => [name, `helmet.${name}`])),
      hsts: WHOLE_HOST,
      strictTransportSecurity: WHOLE_HOST,
      preset: 'write profile: "web" for pages',
      directives: "write helmet: { contentSecurityPolicy: { directives } }",
      nonce: "csp.nonce",
      cors: HEADERS_ALONE,
      crossOriginGuard: HEADERS_ALONE,
      mode: HEADERS_ALONE,
    },
  },
  {
    name: "REPORT_COLLECTOR_HINTS",
    hints: REPORT_COLLECTOR_HINTS,
    places: [{ path: "reportCollector", create: (options) => reportCollector(options) }],
    says: {
      limit: "write maxBytes for the size of a body, maxPerMinute for the number of reports",
      maxSize: "maxBytes",
      bodyLimit: "maxBytes",
      onViolation: "onReport",
      handler: "onReport",
      path: 'mount it there: app.use("/csp-reports", reportCollector())',
      mode: "leave it out, it refuses only what is no report",
      onDenied: "leave it out, only browsers see its answers",
    },
  },
  {
    name: "CORS_HINTS",
    hints: CORS_HINTS,
    places: [
      {
        path: "secureHeaders.cors",
        create: (options) =>
          secureHeaders({ cors: { origins: "https://app.example.com", ...options } }),
      },
    ],
    says: {
      preflightContinue: "preflights are answered here and never reach a route: leave it out",
      optionsSuccessStatus: "preflights are answered 204, which every browser takes: leave it out",
      origin: "origins",
      allowedOrigins: "origins",
      allowOrigin: "origins",
      headers: "allowedHeaders",
      allowHeaders: "allowedHeaders",
      allowMethods: "methods",
      allowedMethods: "methods",
      exposeHeaders: "exposedHeaders",
      allowCredentials: "credentials",
    },
  },
  {
    name: "CROSS_ORIGIN_GUARD_HINTS",
    hints: CROSS_ORIGIN_GUARD_HINTS,
    places: [
      {
        path: "secureHeaders.crossOriginGuard",
        create: (options) => secureHeaders({ crossOriginGuard: options }),
      },
    ],
    says: {
      except: "exempt",
      bypass: "exempt",
      ignore: "exempt",
      include: "always",
      paths: "always",
      origins:
        "write origin for those of the server itself, cors: { origins, credentials: true } for others",
      trustedOrigins: "write cors: { origins, credentials: true }, which trusts them",
      isolate: "write isolation: true, which refuses what pages of other sites load",
    },
  },
  {
    name: "HTTPS_HINTS",
    hints: HTTPS_HINTS,
    places: [
      {
        path: "secureHeaders.https",
        create: (options) => secureHeaders({ https: { host: "api.example.com", ...options } }),
      },
    ],
    says: {
      hostname: "host",
      mode: 'write policy: "hybrid", "redirect" or "reject", and mode of secureHeaders to report only',
      except: "exempt",
      ignore: "exempt",
      exclude: "exempt",
      skipPaths: "exempt",
      trustProtoHeader: HTTPS_PROXY,
      trustProxy: HTTPS_PROXY,
      trustProxyHeader: HTTPS_PROXY,
      trustXForwardedHostHeader: "leave it out, redirects lead to host and nowhere else",
      statusCode: "leave it out, redirects are 308",
      port: 'write it behind the host, as in "api.example.com:8443"',
    },
  },
  {
    name: "HOSTS_HINTS",
    hints: HOSTS_HINTS,
    places: [
      {
        path: "secureHeaders.hosts",
        create: (options) => secureHeaders({ hosts: { allowed: "api.example.com", ...options } }),
      },
    ],
    says: {
      hosts: "allowed",
      names: "allowed",
      allow: "allowed",
      allowedHosts: "allowed",
      except: "exempt",
      bypass: "exempt",
      ignore: "exempt",
    },
  },
  {
    name: "AUDIT_LOG_HINTS",
    hints: AUDIT_LOG_HINTS,
    places: [{ path: "auditLog", create: (options) => auditLog(options) }],
    says: {
      transports: "sinks",
      stream: "sinks",
      destination: "sinks",
      logger: LOGGER,
      winstonInstance: LOGGER,
      genReqId:
        "every request gets a new UUID: requestId names the header field, and the peers whose id is taken over",
      redact: NOTHING_TO_HIDE,
      headerBlacklist: NOTHING_TO_HIDE,
      requestWhitelist:
        "name the request header fields to record in fields.headers; bodies are never recorded",
      exclude: "except",
      ignore: "except",
      skip: PROBES,
      ignoreRoute: PROBES,
      autoLogging: PROBES,
      defaultMeta: SERVICE,
      serviceName: SERVICE,
      onError: "onFailure",
      onFail: "onFailure",
      headers: "write fields: { headers }",
      query: "write fields: { query }",
      rotate: "write sinks: [fileSink({ path, rotate })]",
      retention: "write sinks: [fileSink({ path, rotate, retention })]",
      signingKey: "write integrity: { signingKey }",
      pseudonym: 'write privacy: { subject: "pseudonym", key }',
      anonymize: 'write privacy: { subject: "omit", address: "omit" }',
      honeytokens: "write alerts: { honeytokens }",
      prometheus: "write metrics: prometheusMetrics({ client })",
      openTelemetry: "write trace: { openTelemetry: api }",
      file: "write sinks: [fileSink({ path })]",
      path: "write sinks: [fileSink({ path })]",
      level: "leave it out, a record of every request is written, whatever its severity",
      format:
        'leave it out, a record is one line of JSON; schema: "ecs" or "ocsf" gives other names',
    },
  },
  {
    name: "PRIVACY_HINTS",
    hints: PRIVACY_HINTS,
    places: [{ path: "auditLog.privacy", create: (options) => auditLog({ privacy: options }) }],
    says: {
      secret: "key",
      salt: "write key: a salt that is known hides nobody, a key does",
      ip: "address",
      ipOnDenial: "addressOnRefusal",
      user: "subject",
      keyId: 'write key: [{ id: "2026-11", key }]',
      rotate: "write key: [{ id, key }, …], the newest first",
    },
  },
  {
    name: "FIELD_HINTS",
    hints: FIELD_HINTS,
    places: [{ path: "auditLog.fields", create: (options) => auditLog({ fields: options }) }],
    says: {
      maxRecordBytes: 'write maxRecordSize: "8kb"',
      header: "headers",
      requestWhitelist: "name the header fields in headers; bodies are never recorded",
      extra: FIELDS_OF_THE_APP,
      custom: FIELDS_OF_THE_APP,
    },
  },
  {
    name: "ALERT_HINTS",
    hints: ALERT_HINTS,
    places: [{ path: "auditLog.alerts", create: (alerts) => auditLog({ alerts }) }],
    says: {
      onAlert: ALERT_PLACE,
      webhook: ALERT_PLACE,
      block: "alerts never block by themselves: alertTo(rateLimiter, { rules, for }) does",
      thresholds: 'write defaults: { "auth-burst": { threshold: 20 } }',
    },
  },
  {
    name: "THRESHOLD_HINTS",
    hints: THRESHOLD_HINTS,
    places: [
      {
        path: 'auditLog.alerts.defaults["auth-burst"]',
        create: (numbers) => auditLog({ alerts: { defaults: { "auth-burst": numbers } } }),
      },
    ],
    says: {
      limit: "threshold",
      max: "threshold",
      count: "threshold",
      windowMs: "window",
      interval: "window",
    },
  },
  {
    name: "ALERT_RULE_HINTS",
    hints: ALERT_RULE_HINTS,
    places: [
      {
        path: "auditLog.alerts.rules[0]",
        create: (rule) =>
          auditLog({
            alerts: {
              rules: [{ name: "a", when: "authz_fail", threshold: 1, window: "1m", ...rule }],
            },
          }),
      },
    ],
    says: {
      match: "when",
      condition: "when",
      key: "by",
      groupBy: "by",
      limit: "threshold",
      count: "threshold",
      windowMs: "window",
      interval: "window",
      timeframe: "window",
      level: "severity",
    },
  },
  {
    name: "ALERT_TO_HINTS",
    hints: ALERT_TO_HINTS,
    places: [
      {
        path: "alertTo",
        create: (options) =>
          alertTo({ block: async () => undefined }, { rules: "a", ...options }).close(),
      },
    ],
    says: {
      rule: "rules",
      duration: "for",
      bantime: "for",
      ignoreip: "write except: a list of addresses and networks, in place of the private ones",
      allowlist: "write except: a list of addresses and networks, in place of the private ones",
      whitelist: "write except: a list of addresses and networks, in place of the private ones",
      key: "by",
    },
  },
  {
    name: "SAMPLE_HINTS",
    hints: SAMPLE_HINTS,
    places: [{ path: "auditLog.sample", create: (sample) => auditLog({ sample }) }],
    says: {
      ratio: "success",
      rate: "success",
      failure: ALWAYS_RECORDED,
      errors: ALWAYS_RECORDED,
      denials: ALWAYS_RECORDED,
    },
  },
  {
    name: "TRUST_HINTS",
    hints: TRUST_HINTS,
    places: [
      { path: "auditLog.requestId", create: (options) => auditLog({ requestId: options }) },
      { path: "auditLog.trace", create: (options) => auditLog({ trace: options }) },
    ],
    says: {
      trustInbound:
        "name the peers whose ids are taken over in trustedPeers, by address or network",
    },
  },
  {
    name: "REDIS_STORE_HINTS",
    hints: REDIS_STORE_HINTS,
    places: [{ path: "redisStore", create: (options) => redisStore(REDIS as never, options) }],
    says: {
      keyPrefix: "prefix",
      timeout: STORE_TIMEOUT,
      timeoutMs: STORE_TIMEOUT,
      client: FIRST_ARGUMENT,
      storeClient: FIRST_ARGUMENT,
      redis: FIRST_ARGUMENT,
      sendCommand: FIRST_ARGUMENT,
      url: FIRST_ARGUMENT,
      useRedisPackage: "leave it out, the kind of client is found out",
      resetExpiryOnChange: "leave it out, a refusal prolongs nothing",
    },
  },
  {
    name: "FILE_SINK_HINTS",
    hints: FILE_SINK_HINTS,
    places: [
      {
        path: "fileSink",
        create: (options) => fileSink({ path: join(FOLDER, "audit.jsonl"), ...options }),
      },
    ],
    says: {
      filename: "path",
      file: "path",
      destination: "path",
      dest: "path",
      mode: "leave it out, the file is made with mode 0600",
      level: "leave it out, every record is written, whatever its severity",
      sync: 'write: "record" writes each record before the next line of JavaScript runs',
      ...FILE_KEEPING,
    },
  },
  {
    name: "LOGIN_HINTS",
    hints: LOGIN_HINTS,
    places: [
      {
        path: "loginThrottle",
        create: (options) => loginThrottle({ user: () => "a", ...options }),
      },
    ],
    says: {
      username: "user",
      key: 'did you mean "user"? it gives the name of the account, and the address is counted by itself',
      maxFailures: 'did you mean "pair"? write pair: { limit: 5, window: "15m" }',
      perIp: "address",
      ip: "address",
      count: 'did you mean "failed"? it returns true for a login that has failed',
    },
  },
  {
    name: "LOAD_SHEDDING_HINTS",
    hints: LOAD_SHEDDING_HINTS,
    places: [{ path: "loadShedding", create: (options) => loadShedding(options) }],
    says: {
      maxLag: DELAY,
      lag: DELAY,
      maxEventLoopDelay: DELAY,
      eventLoopLag: DELAY,
      interval: SAMPLED,
      sampleInterval: SAMPLED,
      maxEventLoopUtilization: UTILIZATION,
      eventLoopUtilization: UTILIZATION,
      utilisation: UTILIZATION,
      maxHeapUsedBytes: HEAP,
      maxHeapUsedThreshold: HEAP,
      maxRssBytes: HEAP,
      maxRssThreshold: HEAP,
      priorities:
        'write critical: ["GET /health"] and low: ["/reports/*"], or priority: (req) => …',
      exclude: NEVER_SHED,
      skip: NEVER_SHED,
      clientRetrySecs: 'write retryAfter: "2s"',
    },
  },
  {
    name: "RAMP_HINTS",
    hints: RAMP_HINTS,
    places: [
      {
        path: "loadShedding.eventLoopDelay",
        create: (eventLoopDelay) => loadShedding({ eventLoopDelay }),
      },
      { path: "loadShedding.utilization", create: (utilization) => loadShedding({ utilization }) },
      { path: "loadShedding.heap", create: (heap) => loadShedding({ heap }) },
    ],
    says: { start: "from", min: "from", end: "to", max: "to" },
  },
  {
    name: "REQUEST_DEADLINE_HINTS",
    hints: REQUEST_DEADLINE_HINTS,
    places: [
      {
        path: "requestDeadline",
        create: (options) => requestDeadline({ timeout: "30s", ...options }),
      },
    ],
    says: {
      time: "timeout",
      ms: "timeout",
      deadline: "timeout",
      requestTimeout: "timeout",
      respond:
        "leave it out, the request is answered with 503; onDenied: (error, req, res, next) => … answers in another way",
      onTimeout: "write onDenied: (error, req, res, next) => …, which answers the request",
      onDelayedResponse:
        "leave it out: the decision with the reason answered_late is published on the diagnostics channel express-secure-api:decision",
      disable: NO_DEADLINE,
      except: NO_DEADLINE,
      skip: NO_DEADLINE,
      overrides: "routes",
      idleTimeout: "idle",
    },
  },
  {
    name: "SECURE_API_HINTS",
    hints: SECURE_API_HINTS,
    places: [
      {
        path: "secureApi",
        create: (options) =>
          secureApi({ oauthGuard: false, rateLimit: false, auditLog: false, ...options }),
      },
    ],
    says: {
      auth: GUARD,
      jwt: GUARD,
      oauth: GUARD,
      issuer: GUARD,
      audience: GUARD,
      session: SESSION,
      sessions: SESSION,
      enrichPrincipal: ENRICH,
      enrichment: ENRICH,
      principalFrom: "write authenticate: principalFrom((req) => …)",
      limit: LIMITS,
      window: LIMITS,
      policies: "rateLimit.policies",
      limiter: LIMITS,
      throttle: LIMITS,
      helmet: HEADERS,
      headers: HEADERS,
      cors: "leave it out to let no page of another origin read answers, write secureHeaders: { cors: { origins: […] } } to let some",
      https: IN_HEADERS,
      hosts: IN_HEADERS,
      pages: IN_HEADERS,
      csp: IN_HEADERS,
      reporting: IN_HEADERS,
      permissionsPolicy: IN_HEADERS,
      json: "jsonBody",
      urlencoded: "formBody",
      form: "formBody",
      bodyParser: "jsonBody",
      logger: LOG,
      log: LOG,
      trustProxy: TRUST_PROXY,
      public: "publicRoutes",
      publicPaths: "publicRoutes",
      unless: "publicRoutes",
      audit: LOG,
      body: BODY,
      validate:
        'mount validate on the routes, or write it into a row of routes: { "POST /orders": { validate: { body: schema } } }',
      rules: ROWS,
      table: ROWS,
      accessControl: ROWS,
      fallback: OTHERWISE,
      default: OTHERWISE,
      defaultDeny: OTHERWISE,
      anyRequest: OTHERWISE,
      path: "paths",
      errorHandler: LAST,
      notFound: LAST,
      overload: SHEDDING,
      toobusy: SHEDDING,
      underPressure: SHEDDING,
      timeout: DEADLINE,
      deadline: DEADLINE,
      requestTimeout: DEADLINE,
      report: REPORT,
      reportOnly: REPORT,
      dryRun: REPORT,
    },
  },
  {
    name: "ROW_HINTS",
    hints: ROW_HINTS,
    places: [
      {
        path: 'secureApi.routes["/a"]',
        create: (row) =>
          secureApi({ ...NO_PARTS, oauthGuard: ISSUER, routes: { "/a": row }, otherwise: "deny" }),
      },
    ],
    says: {
      role: "requireRole",
      roles: "requireRole",
      hasRole: "requireRole",
      scope: "requireScope",
      scopes: "requireScope",
      rule: "authorize",
      description: "a rule stands where the row does: write { authorize: rule }",
      permission: "requirePermission",
      permissions: "requirePermission",
      stepUp: "requireStepUp",
      owner: ROW_OWNER,
      ownership: ROW_OWNER,
      requireOwnership: ROW_OWNER,
      auth: ROW_CALLER,
      authenticated: ROW_CALLER,
      authenticate: ROW_CALLER,
      schema: ROW_SCHEMA,
      body: ROW_SCHEMA,
      query: ROW_SCHEMA,
      params: ROW_SCHEMA,
      limit: ROW_LIMIT,
      window: ROW_LIMIT,
      throttle: ROW_LIMIT,
      allow: ROW_OPEN,
      anonymous: ROW_OPEN,
      permitAll: ROW_OPEN,
      declarePublic: ROW_OPEN,
      skip: "except",
      unless: "except",
      denyAll: "deny",
      guard: "use",
      guards: "use",
      middleware: "use",
      handlers: "use",
      dryRun:
        'leave it out to refuse, write mode: "report" to only record what the row would refuse',
    },
  },
  {
    name: "PATH_HINTS",
    hints: PATH_HINTS,
    places: [{ path: "secureApi.paths", create: (paths) => secureApi({ ...NO_PARTS, paths }) }],
    says: { allowed: "allow", except: "allow" },
  },
  {
    name: "CERTIFICATE_BINDING_HINTS",
    hints: CERTIFICATE_BINDING_HINTS,
    places: [
      {
        path: "oauthGuard.certificateBinding",
        create: (certificateBinding) => oauthGuard({ ...ISSUER, certificateBinding }),
      },
    ],
    says: { headerName: "header", clientCertHeader: "header", trustedProxies: "trustedPeers" },
  },
  {
    name: "CREDENTIAL_HINTS",
    hints: CREDENTIAL_HINTS,
    places: [
      {
        path: 'createSecureServer.names["localhost"]',
        create: (localhost) =>
          createSecureServer(app, { ...PEM, names: { localhost: { ...PEM, ...localhost } } }),
      },
    ],
    says: CREDENTIAL_NAMES,
  },
  {
    name: "SECURE_SERVER_HINTS",
    hints: SECURE_SERVER_HINTS,
    places: [
      {
        path: "createSecureServer",
        create: (options) => createSecureServer(app, { ...PEM, ...options }),
      },
    ],
    says: {
      ...CREDENTIAL_NAMES,
      pfx: "write keyFile and certFile in PEM: openssl pkcs12 -in server.pfx -nodes takes them out",
      ca: CLIENT_CERTIFICATES,
      requestCert: CLIENT_CERTIFICATES,
      rejectUnauthorized: CLIENT_CERTIFICATES,
      minVersion: OF_PROFILE,
      maxVersion: OF_PROFILE,
      secureProtocol: OF_PROFILE,
      ciphers: OF_PROFILE,
      ecdhCurve: OF_PROFILE,
      sni: "names",
      SNICallback: "write the certificates of more names in names",
      ticketKeys: "write tickets: { secret }, of which the keys are made",
    },
  },
  {
    name: "MTLS_HINTS",
    hints: MTLS_HINTS,
    places: [
      {
        path: "createSecureServer.mtls",
        create: (mtls) => createSecureServer(app, { ...PEM, mtls: { ca: PEM.cert, ...mtls } }),
      },
    ],
    says: {
      requestCert: "leave it out, mtls asks for certificates",
      rejectUnauthorized:
        "leave it out, clients without a valid certificate are refused; required: false lets them connect",
    },
  },
  {
    name: "RELOAD_HINTS",
    hints: RELOAD_HINTS,
    places: [
      {
        path: "createSecureServer.reload",
        create: (reload) =>
          createSecureServer(app, { keyFile: KEY_FILE, certFile: CERT_FILE, reload }),
      },
    ],
    says: { intervalMs: 'write interval as a duration, such as "60s"' },
  },
  {
    name: "TICKET_HINTS",
    hints: TICKET_HINTS,
    places: [
      {
        path: "createSecureServer.tickets",
        create: (tickets) => createSecureServer(app, { ...PEM, tickets }),
      },
    ],
    says: { keys: "write secret, of which the keys are made", rotation: "rotate" },
  },
  {
    name: "AUDIT_TLS_HINTS",
    hints: AUDIT_TLS_HINTS,
    places: [
      { path: "auditTls", create: (options) => readAuditTarget("127.0.0.1", 8443, options) },
    ],
    says: {
      host: "write the host as the first argument, auditTls(host, port)",
      hostname: "servername",
      sni: "servername",
      rejectUnauthorized: "leave it out, whether the certificate is trusted is one of the findings",
    },
  },
  {
    name: "PROMETHEUS_METRICS_HINTS",
    hints: PROMETHEUS_METRICS_HINTS,
    places: [
      {
        path: "prometheusMetrics",
        create: (options) =>
          prometheusMetrics({
            client: promClient,
            register: new promClient.Registry(),
            ...options,
          }),
      },
    ],
    says: {
      promClient: "client",
      promRegistry: "register",
      registers: "register",
      registry: "register",
      includeMethod: "leave it out, requests are told apart by method, route and status",
      includePath: "leave it out, routes are told apart by their template and never by their path",
    },
  },
  {
    name: "OPEN_TELEMETRY_METRICS_HINTS",
    hints: OPEN_TELEMETRY_METRICS_HINTS,
    places: [
      {
        path: "openTelemetryMetrics",
        create: (options) => openTelemetryMetrics({ api: openTelemetry, ...options }),
      },
    ],
    says: {
      meterProvider: "write meter: provider.getMeter(name)",
      provider: "write meter: provider.getMeter(name)",
    },
  },
  {
    name: "INTEGRITY_HINTS",
    hints: INTEGRITY_HINTS,
    places: [
      {
        path: "auditLog.integrity",
        create: (options) => auditLog({ integrity: { signingKey: SIGNING_KEY, ...options } }),
      },
    ],
    says: {
      key: "signingKey",
      privateKey: "signingKey",
      signer: "sign",
      interval: "checkpointInterval",
      checkpointMs: "checkpointInterval",
      every: "checkpointEvery",
      anchor: "onCheckpoint",
      onAnchor: "onCheckpoint",
      hmacKey: SHARED_SECRET,
      secret: SHARED_SECRET,
      publicKey: "leave it out, the log makes its own keys and writes down the public ones",
      algorithm: "leave it out, it is Ed25519 and SHA-256",
    },
  },
  {
    name: "FILE_KEEPING_HINTS",
    hints: FILE_KEEPING_HINTS,
    places: [
      {
        path: "fileSink",
        create: (options) => fileSink({ path: join(FOLDER, "audit.jsonl"), ...options }),
      },
    ],
    says: FILE_KEEPING,
  },
  {
    name: "ROTATION_HINTS",
    hints: ROTATION_HINTS,
    places: [
      {
        path: "fileSink.rotate",
        create: (rotate) =>
          fileSink({ path: join(FOLDER, "audit.jsonl"), rotate: { size: "1mb", ...rotate } }),
      },
    ],
    says: {
      maxSize: "size",
      maxsize: "size",
      maxBytes: "size",
      frequency: "interval",
      maxFiles: "write retention: { files } beside rotate",
      daily: 'write interval: "1d"',
    },
  },
  {
    name: "RETENTION_HINTS",
    hints: RETENTION_HINTS,
    places: [
      {
        path: "fileSink.retention",
        create: (retention) =>
          fileSink({
            path: join(FOLDER, "audit.jsonl"),
            rotate: { size: "1mb" },
            retention: { files: 1, ...retention },
          }),
      },
    ],
    says: {
      maxFiles: "files",
      count: "files",
      keepDays: "age",
      maxAge: "age",
      days: "age",
      maxSize: "size",
    },
  },
];

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe("the names of other packages", () => {
  const rows = TABLES.flatMap(({ places, says }) =>
    places.flatMap(({ path, create }) =>
      // `hsts` is an option of ours, too.
      Object.entries(says).flatMap(([name, hint]) =>
        path === "secureHeaders" && name === "hsts" ? [] : [{ path, create, name, hint }],
      ),
    ),
  );

  it.each(rows)("$path.$name: $hint", ({ path, create, name, hint }) => {
    const fix = hint.includes(" ") ? hint : `did you mean "${hint}"?`;
    expect(problemsOf(() => create({ [name]: true }))).toEqual([
      `${path} must not have an option ${JSON.stringify(name)}: ${fix}`,
    ]);
  });

  /** Where `false` means what it means elsewhere: helmet's own options, and what is off by default. */
  const SAME =
    /^(?:helmet\..*|contentSecurityPolicy|jsonBody|formBody|(?:cors\.)?credentials|(?:csp\.)?nonce)$/;

  // What if the same value is copied?
  it.each(rows)(
    "$name at $path does not turn something off by another name",
    ({ create, name }) => {
      const [problem = ""] = problemsOf(() => create({ [name]: false }));
      const meant = /did you mean "([^"]+)"\?$/.exec(problem)?.[1];
      if (meant === undefined || SAME.test(meant)) return;
      const copied = meant
        .split(".")
        .reduceRight<unknown>((value, key) => ({ [key]: value }), false) as object;
      expect(problemsOf(() => create(copied))).not.toEqual([]);
    },
  );

  it.each(TABLES)("$name stands here in full", ({ hints, says }) => {
    expect(Object.keys(says)).toEqual(Object.keys(hints));
  });

  it("stand in tables that are all checked here", () => {
    const tables = sourceFiles().flatMap(({ path, text }) =>
      path.startsWith("core/")
        ? []
        : [...text.matchAll(/const (\w+): Hints</g)].map(([, name = ""]) => name),
    );
    expect(tables.sort()).toEqual(TABLES.map(({ name }) => name).sort());
  });
});
