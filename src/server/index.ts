export {
  type ClientCertificate,
  type DistinguishedName,
  getClientCertificate,
} from "../core/http/certificates/client-certificate.js";
export { auditTls } from "./audit-tls.js";
export type { AuditTlsOptions, TlsAudit } from "./audit-tls-options.js";
export { createSecureServer, type SecureServer } from "./create-secure-server.js";
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
