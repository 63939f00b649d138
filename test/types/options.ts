import express from "express";
// Apps extend every options interface, and hand what they made of it to the factory.
import {
  type AlertOptions,
  type AlertRule,
  type AlertThresholds,
  type AlertToOptions,
  type AuditFieldOptions,
  type AuditIntegrityOptions,
  type AuditLogOptions,
  type AuditPrivacyOptions,
  type AuditServiceOptions,
  alertTo,
  auditLog,
  type FileRetentionOptions,
  type FileRotationOptions,
  type FileSinkOptions,
  fileSink,
  type HoneytokenOptions,
  type OpenTelemetryMetricsOptions,
  openTelemetryMetrics,
  type PrometheusMetricsOptions,
  prometheusMetrics,
  type RequestIdOptions,
  type SampleOptions,
  type TraceOptions,
} from "express-secure-api/audit-log";
import {
  type AllowFieldsOptions,
  type AuthorizeOptions,
  allowFields,
  authorize,
  authzen,
  type BreakerOptions,
  defineRoles,
  type HttpEngineOptions,
  type LoadOptions,
  type OpaOptions,
  type OwnParamOptions,
  opa,
  owner,
  ownParam,
  policy,
  type RequireOptions,
  type RequireOwnershipOptions,
  type RequireStepUpOptions,
  type RoleDefinition,
  requireOwnership,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
  role,
  type StepUpOptions,
  stepUp,
} from "express-secure-api/authorization";
import { type CedarOptions, cedar } from "express-secure-api/authorization/cedar";
import { type OpaWasmOptions, opaWasm } from "express-secure-api/authorization/opa-wasm";
import {
  type Auth0Options,
  type AuthentikOptions,
  auth0,
  authentik,
  type CognitoOptions,
  cognito,
  type EntraOptions,
  entra,
  type FirebaseOptions,
  firebase,
  type GoogleIapOptions,
  googleIap,
  type KeycloakOptions,
  keycloak,
  type OktaOptions,
  okta,
  type SupabaseOptions,
  supabase,
  type ZitadelOptions,
  zitadel,
} from "express-secure-api/claims";
import {
  type ErrorHandlerOptions,
  errorHandler,
  type GuardOptions,
  type Mode,
  type NotFoundOptions,
  notFound,
  type OnDenied,
} from "express-secure-api/errors";
import {
  type FormBodyOptions,
  formBody,
  type JsonBodyOptions,
  jsonBody,
  type StructuralGuardOptions,
  structuralGuard,
} from "express-secure-api/json-body";
import {
  type AcceptWithoutOptions,
  type CertificateBindingOptions,
  createTokenVerifier,
  type FailedVerificationsOptions,
  type IssuerOptions,
  type KeyFetchOptions,
  type OauthGuardIssuersOptions,
  type OauthGuardOptions,
  oauthGuard,
  type TokenCacheOptions,
  type TokenVerifierIssuersOptions,
  type TokenVerifierOptions,
} from "express-secure-api/oauth-guard";
import {
  type EnrichmentCacheOptions,
  type EnrichPrincipalOptions,
  enrichPrincipal,
  type HeaderPrincipalOptions,
  type PrincipalFromOptions,
  principalFrom,
  type SessionPrincipalOptions,
  session,
} from "express-secure-api/principal";
import {
  type BlockOptions,
  type LoginThrottleOptions,
  loginThrottle,
  type RateLimitOptions,
  type RedisClient,
  type RedisStoreOptions,
  rateLimit,
  redisStore,
  type SlowDownOptions,
} from "express-secure-api/rate-limit";
import {
  type ExpressRateLimitOptions,
  rateLimit as expressRateLimit,
  MemoryStore,
  type MemoryStoreOptions,
} from "express-secure-api/rate-limit/express-rate-limit";
import {
  type AssertRoutesGuardedOptions,
  assertRoutesGuarded,
  type DefaultDenyOptions,
  defaultDeny,
  type ProbeRoutesOptions,
  probeRoutes,
  type WriteBaselineOptions,
  writeBaseline,
} from "express-secure-api/route-audit";
import {
  type EnrichOptions,
  type PathOptions,
  type SecureApiOptions,
  secureApi,
} from "express-secure-api/secure-api";
import {
  type CorsOptions,
  type CrossOriginGuardOptions,
  type CspOptions,
  type HeaderOverrides,
  type HostsOptions,
  type HstsOptions,
  type HttpsOptions,
  type ReportCollectorOptions,
  type ReportingOptions,
  reportCollector,
  type SecureHeadersOptions,
  secureHeaders,
} from "express-secure-api/secure-headers";
import {
  type AuditTlsOptions,
  auditTls,
  type CredentialOptions,
  createSecureServer,
  type DelayRamp,
  type GracefulShutdownOptions,
  type HardenServerOptions,
  type LoadSheddingOptions,
  loadShedding,
  type MtlsOptions,
  type RatioRamp,
  type ReadyzOptions,
  type ReloadedCredentials,
  type ReloadOptions,
  type RequestDeadlineOptions,
  requestDeadline,
  type SecureServerOptions,
  type TicketOptions,
  type TlsOptions,
} from "express-secure-api/server";
import {
  createTestIssuer,
  type TestGuardOptions,
  type TestIssuerOptions,
} from "express-secure-api/testing";
import {
  type CommonValidateOptions,
  type ValidateChainsOptions,
  type ValidateOptions,
  validate,
} from "express-secure-api/validate";

/** What an app adds. */
interface Own {
  readonly owner: string;
}

export interface MyAlertOptions extends AlertOptions, Own {}
export interface MyAlertRule extends AlertRule, Own {}
export interface MyAlertThresholds extends AlertThresholds, Own {}
export interface MyAlertToOptions extends AlertToOptions, Own {}
export interface MyHoneytokenOptions extends HoneytokenOptions, Own {}
export interface MySampleOptions extends SampleOptions, Own {}
export interface MyAuditFieldOptions extends AuditFieldOptions, Own {}
export interface MyAuditIntegrityOptions extends AuditIntegrityOptions, Own {}
export interface MyAuditLogOptions extends AuditLogOptions, Own {}
export interface MyAuditPrivacyOptions extends AuditPrivacyOptions, Own {}
export interface MyAuditServiceOptions extends AuditServiceOptions, Own {}
export interface MyRedisStoreOptions extends RedisStoreOptions, Own {}
export interface MyFileRetentionOptions extends FileRetentionOptions, Own {}
export interface MyFileRotationOptions extends FileRotationOptions, Own {}
export interface MyFileSinkOptions extends FileSinkOptions, Own {}
export interface MyOpenTelemetryMetricsOptions extends OpenTelemetryMetricsOptions, Own {}
export interface MyPrometheusMetricsOptions extends PrometheusMetricsOptions, Own {}
export interface MyGuardOptions extends GuardOptions, Own {}
export const onDenied: OnDenied = (error, _req, res) => void res.status(error.status).end();
export const enforced: { readonly mode: Mode; readonly onDenied: OnDenied } = {
  mode: "enforce",
  onDenied,
};
export interface MyRequestIdOptions extends RequestIdOptions, Own {}
export interface MyTraceOptions extends TraceOptions, Own {}
export interface MyRequireOptions extends RequireOptions, Own {}
export interface MyRequireStepUpOptions extends RequireStepUpOptions, Own {}
export interface MyRoleDefinition extends RoleDefinition, Own {}
export interface MyBreakerOptions extends BreakerOptions, Own {}
export interface MyCedarOptions extends CedarOptions, Own {}
export interface MyHttpEngineOptions extends HttpEngineOptions, Own {}
export interface MyOpaOptions extends OpaOptions, Own {}
export interface MyOpaWasmOptions extends OpaWasmOptions, Own {}
export interface MyPathOptions extends PathOptions, Own {}
export interface MyStepUpOptions extends StepUpOptions, Own {}
export interface MyKeycloakOptions extends KeycloakOptions, Own {}
export interface MyAuth0Options extends Auth0Options, Own {}
export interface MyAuthentikOptions extends AuthentikOptions, Own {}
export interface MyCognitoOptions extends CognitoOptions, Own {}
export interface MyEntraOptions extends EntraOptions, Own {}
export interface MyFirebaseOptions extends FirebaseOptions, Own {}
export interface MyGoogleIapOptions extends GoogleIapOptions, Own {}
export interface MyOktaOptions extends OktaOptions, Own {}
export interface MySupabaseOptions extends SupabaseOptions, Own {}
export interface MyZitadelOptions extends ZitadelOptions, Own {}
export interface MyHardenServerOptions extends HardenServerOptions, Own {}
export interface MyGracefulShutdownOptions extends GracefulShutdownOptions, Own {}
export interface MyReadyzOptions extends ReadyzOptions, Own {}
export interface MyAuditTlsOptions extends AuditTlsOptions, Own {}
export interface MyTlsOptions extends TlsOptions, Own {}
export interface MyCertificateBindingOptions extends CertificateBindingOptions, Own {}
export interface MyCredentialOptions extends CredentialOptions, Own {}
export interface MyMtlsOptions extends MtlsOptions, Own {}
export interface MyReloadOptions extends ReloadOptions, Own {}
export interface MyReloadedCredentials extends ReloadedCredentials, Own {}
export interface MySecureServerOptions extends SecureServerOptions, Own {}
export interface MyTicketOptions extends TicketOptions, Own {}
export interface MyNotFoundOptions extends NotFoundOptions, Own {}
export interface MyAcceptWithoutOptions extends AcceptWithoutOptions, Own {}
export interface MyEnrichmentCacheOptions extends EnrichmentCacheOptions, Own {}
export interface MyEnrichPrincipalOptions extends EnrichPrincipalOptions, Own {}
export interface MySessionPrincipalOptions extends SessionPrincipalOptions, Own {}
export interface MyErrorHandlerOptions extends ErrorHandlerOptions, Own {}
export interface MyFormBodyOptions extends FormBodyOptions, Own {}
export interface MyJsonBodyOptions extends JsonBodyOptions, Own {}
export interface MyStructuralGuardOptions extends StructuralGuardOptions, Own {}
export interface MyIssuerOptions extends IssuerOptions, Own {}
export interface MyKeyFetchOptions extends KeyFetchOptions, Own {}
export interface MyOauthGuardIssuersOptions extends OauthGuardIssuersOptions, Own {}
export interface MyOauthGuardOptions extends OauthGuardOptions, Own {}
export interface MyFailedVerificationsOptions extends FailedVerificationsOptions, Own {}
export interface MyTokenCacheOptions extends TokenCacheOptions, Own {}
export interface MyTokenVerifierIssuersOptions extends TokenVerifierIssuersOptions, Own {}
export interface MyTokenVerifierOptions extends TokenVerifierOptions, Own {}
export interface MyHeaderPrincipalOptions extends HeaderPrincipalOptions, Own {}
export interface MyPrincipalFromOptions extends PrincipalFromOptions, Own {}
export interface MyBlockOptions extends BlockOptions, Own {}
export interface MySlowDownOptions extends SlowDownOptions, Own {}
export interface MyRateLimitOptions extends RateLimitOptions, Own {}
export interface MyLoginThrottleOptions extends LoginThrottleOptions, Own {}
export interface MyExpressRateLimitOptions extends ExpressRateLimitOptions, Own {}
export interface MyMemoryStoreOptions extends MemoryStoreOptions, Own {}
export interface MyAssertRoutesGuardedOptions extends AssertRoutesGuardedOptions, Own {}
export interface MyDefaultDenyOptions extends DefaultDenyOptions, Own {}
export interface MyProbeRoutesOptions extends ProbeRoutesOptions, Own {}
export interface MyWriteBaselineOptions extends WriteBaselineOptions, Own {}
export interface MySecureApiOptions extends SecureApiOptions, Own {}
export interface MyEnrichOptions extends EnrichOptions, Own {}
export interface MyCorsOptions extends CorsOptions, Own {}
interface Row {
  readonly userId: string;
}
export interface MyAllowFieldsOptions extends AllowFieldsOptions, Own {}
export interface MyAuthorizeOptions extends AuthorizeOptions<Row>, Own {}
export interface MyLoadOptions extends LoadOptions<Row>, Own {}
export interface MyOwnParamOptions extends OwnParamOptions, Own {}
export interface MyRequireOwnershipOptions
  extends RequireOwnershipOptions<Row>,
    Omit<Own, "owner"> {}
export interface MyCrossOriginGuardOptions extends CrossOriginGuardOptions, Own {}
export interface MyHostsOptions extends HostsOptions, Own {}
export interface MyHttpsOptions extends HttpsOptions, Own {}
export interface MyHstsOptions extends HstsOptions, Own {}
export interface MyLoadSheddingOptions extends LoadSheddingOptions, Own {}
export interface MyDelayRamp extends DelayRamp, Own {}
export interface MyRatioRamp extends RatioRamp, Own {}
export interface MyRequestDeadlineOptions extends RequestDeadlineOptions, Own {}
export interface MyHeaderOverrides extends HeaderOverrides, Own {}
export interface MyReportCollectorOptions extends ReportCollectorOptions, Own {}
export interface MyCspOptions extends CspOptions, Own {}
export interface MyReportingOptions extends ReportingOptions, Own {}
export interface MySecureHeadersOptions extends SecureHeadersOptions, Own {}
export interface MyTestGuardOptions extends TestGuardOptions, Own {}
export interface MyTestIssuerOptions extends TestIssuerOptions, Own {}
export interface MyCommonValidateOptions extends CommonValidateOptions, Own {}
export interface MyValidateChainsOptions extends ValidateChainsOptions, Own {}
export interface MyValidateOptions extends ValidateOptions, Own {}

declare function my<Options>(): Options;

auditLog(my<MyAuditLogOptions>());
auditLog({
  sinks: [
    fileSink(my<MyFileSinkOptions>()),
    fileSink({
      path: "audit.jsonl",
      rotate: my<MyFileRotationOptions>(),
      retention: my<MyFileRetentionOptions>(),
    }),
  ],
  service: my<MyAuditServiceOptions>(),
  requestId: my<MyRequestIdOptions>(),
  trace: my<MyTraceOptions>(),
  fields: my<MyAuditFieldOptions>(),
  privacy: my<MyAuditPrivacyOptions>(),
  alerts: my<MyAlertOptions>(),
  sample: my<MySampleOptions>(),
  integrity: my<MyAuditIntegrityOptions>(),
  except: ["GET /health", "/probes/*"],
});
auditLog({
  alerts: {
    rules: [my<MyAlertRule>()],
    defaults: { "auth-burst": my<MyAlertThresholds>(), "excess-404": false },
    honeytokens: my<MyHoneytokenOptions>(),
  },
});
alertTo({ block: async () => undefined }, my<MyAlertToOptions>());
auditLog({ except: "GET /health" });
auditLog({ metrics: prometheusMetrics(my<MyPrometheusMetricsOptions>()) });
auditLog({ metrics: openTelemetryMetrics(my<MyOpenTelemetryMetricsOptions>()) });
// @ts-expect-error: patterns are texts
auditLog({ except: /health/ });
assertRoutesGuarded(express(), my<MyAssertRoutesGuardedOptions>());
defaultDeny(express(), my<MyDefaultDenyOptions>());
void probeRoutes(express(), my<MyProbeRoutesOptions>());
writeBaseline(express(), "routes.json", my<MyWriteBaselineOptions>());
requireRole("admin", my<MyGuardOptions>());
requireRole("admin", my<MyRequireOptions>());
requireScope("orders:read", my<MyRequireOptions>());
authorize(role("admin"), my<MyRequireOptions>());
authorize(policy(authzen(my<MyHttpEngineOptions>()), () => ({ resource: { type: "order" } })));
authzen({ url: "https://pdp.example", breaker: my<MyBreakerOptions>() });
opa(my<MyOpaOptions>());
cedar(my<MyCedarOptions>());
opaWasm(my<MyOpaWasmOptions>());
requirePermission("orders:read", my<MyRequireOptions>());
requireStepUp(my<MyRequireStepUpOptions>());
authorize(stepUp(my<MyStepUpOptions>()));
defineRoles({ admin: my<MyRoleDefinition>() });
authorize(owner("userId"), my<MyAuthorizeOptions>());
authorize(owner("userId"), my<MyLoadOptions>());
requireOwnership(my<MyRequireOwnershipOptions>());
ownParam("userId", my<MyOwnParamOptions>());
allowFields(my<MyAllowFieldsOptions>());
keycloak(my<MyKeycloakOptions>());
auth0(my<MyAuth0Options>());
authentik(my<MyAuthentikOptions>());
cognito(my<MyCognitoOptions>());
entra(my<MyEntraOptions>());
firebase(my<MyFirebaseOptions>());
googleIap(my<MyGoogleIapOptions>());
okta(my<MyOktaOptions>());
supabase(my<MySupabaseOptions>());
zitadel(my<MyZitadelOptions>());
errorHandler(my<MyErrorHandlerOptions>());
formBody(my<MyFormBodyOptions>());
jsonBody(my<MyJsonBodyOptions>());
structuralGuard(my<MyStructuralGuardOptions>());
loadShedding(my<MyLoadSheddingOptions>());
loadShedding({
  eventLoopDelay: my<MyDelayRamp>(),
  utilization: my<MyRatioRamp>(),
  heap: my<MyRatioRamp>(),
});
requestDeadline(my<MyRequestDeadlineOptions>());
oauthGuard(my<MyOauthGuardOptions>());
oauthGuard(my<MyOauthGuardIssuersOptions>());
oauthGuard({
  issuer: [my<MyIssuerOptions>()],
  keys: my<MyKeyFetchOptions>(),
  cache: my<MyTokenCacheOptions>(),
  failedVerifications: my<MyFailedVerificationsOptions>(),
  certificateBinding: my<MyCertificateBindingOptions>(),
});
oauthGuard(my<MyTestGuardOptions>());
createTokenVerifier(my<MyTokenVerifierOptions>());
createTokenVerifier(my<MyTokenVerifierIssuersOptions>());
principalFrom(() => null, my<MyPrincipalFromOptions>());
principalFrom.header(my<MyHeaderPrincipalOptions>());
rateLimit(my<MyRateLimitOptions>());
rateLimit({
  limit: 10,
  window: "1m",
  block: my<MyBlockOptions>(),
  slowDown: my<MySlowDownOptions>(),
});
loginThrottle(my<MyLoginThrottleOptions>());
expressRateLimit(my<MyExpressRateLimitOptions>());
expressRateLimit({ store: new MemoryStore(my<MyMemoryStoreOptions>()) });
redisStore(my<RedisClient>(), my<MyRedisStoreOptions>());
secureApi(my<MySecureApiOptions>());
secureApi({ oauthGuard: false, rateLimit: false, paths: my<MyPathOptions>() });
secureApi({ oauthGuard: false, rateLimit: false, enrich: my<MyEnrichOptions>() });
secureApi({ oauthGuard: my<MyOauthGuardOptions>(), rateLimit: my<MyRateLimitOptions>() });
secureApi({ oauthGuard: my<MyOauthGuardIssuersOptions>(), rateLimit: false });
reportCollector(my<MyReportCollectorOptions>());
secureHeaders({ pages: { "/docs/*": my<MyHeaderOverrides>() } });
secureHeaders().override(my<MyHeaderOverrides>());
secureHeaders(my<MySecureHeadersOptions>());
secureHeaders({
  cors: my<MyCorsOptions>(),
  crossOriginGuard: my<MyCrossOriginGuardOptions>(),
  csp: my<MyCspOptions>(),
  hsts: my<MyHstsOptions>(),
  reporting: my<MyReportingOptions>(),
  https: my<MyHttpsOptions>(),
  hosts: my<MyHostsOptions>(),
});
const server = createSecureServer(() => undefined, my<MySecureServerOptions>());
void server.reload(my<MyReloadedCredentials>());
createSecureServer(() => undefined, {
  ...my<MyCredentialOptions>(),
  names: { "api.example.com": my<MyCredentialOptions>() },
  mtls: my<MyMtlsOptions>(),
  reload: my<MyReloadOptions>(),
  tickets: my<MyTicketOptions>(),
});
export const tls: TlsOptions = my<MyTlsOptions>();
void auditTls("127.0.0.1", 8443, my<MyAuditTlsOptions>());
createTestIssuer(my<MyTestIssuerOptions>());
validate(my<MyValidateOptions>());
validate(my<MyValidateChainsOptions>());
notFound(my<MyNotFoundOptions>());
enrichPrincipal(() => null, my<MyEnrichPrincipalOptions>());
enrichPrincipal(() => null, { cache: my<MyEnrichmentCacheOptions>() });
session(() => null, my<MySessionPrincipalOptions>());
createTokenVerifier({
  issuer: null,
  audience: null,
  secret: "",
  acceptWithout: my<MyAcceptWithoutOptions>(),
});
