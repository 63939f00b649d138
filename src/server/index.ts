export {
  type ClientCertificate,
  type DistinguishedName,
  getClientCertificate,
} from "../core/http/certificates/client-certificate.js";
export { auditTls } from "./audit-tls.js";
export type { AuditTlsOptions, TlsAudit } from "./audit-tls-options.js";
export type { NodeServer } from "./connections/node-server.js";
export type { LoadShedding } from "./create-load-shedding.js";
export { createSecureServer, type SecureServer } from "./create-secure-server.js";
export { extendDeadline } from "./extend-deadline.js";
export { getDeadlineSignal } from "./get-deadline-signal.js";
export { gracefulShutdown } from "./graceful-shutdown.js";
export type {
  GracefulShutdown,
  GracefulShutdownOptions,
  ShutdownReport,
  ShutdownState,
} from "./graceful-shutdown-options.js";
export { hardenServer } from "./harden-server.js";
export type {
  HardenedServer,
  HardenServerOptions,
  ServerStats,
} from "./harden-server-options.js";
export { livez } from "./livez.js";
export { loadShedding } from "./load-shedding.js";
export type { DelayRamp, LoadSheddingOptions, RatioRamp } from "./load-shedding-options.js";
export { LOAD_CHANNEL, type LoadEvent, type LoadState } from "./overload/overload-notice.js";
export type { LoadPriority, PriorityFunction } from "./overload/priority.js";
export { readyz } from "./readyz.js";
export type { Readyz, ReadyzOptions } from "./readyz-options.js";
export { requestDeadline } from "./request-deadline.js";
export type { RequestDeadlineOptions } from "./request-deadline-options.js";
export type {
  CredentialOptions,
  MtlsOptions,
  ReloadedCredentials,
  ReloadOptions,
  SecureServerOptions,
  TicketOptions,
} from "./secure-server-options.js";
export type { TlsReload } from "./tls/certificate-watch.js";
export type { CertificateSummary } from "./tls/credentials/load-credentials.js";
export type { TlsOptions, TlsProfile } from "./tls/profile.js";
export { TLS_CHANNEL, type TlsEvent } from "./tls/tls-events.js";
export type { TlsFinding } from "./tls-audit/find-faults.js";
export { TlsAuditError } from "./tls-audit/try-handshake.js";
export { tlsOptions } from "./tls-options.js";
