import type { SecureVersion } from "node:tls";
import type { TlsFinding } from "./tls-audit/find-faults.js";

/** Options of `auditTls`. */
export interface AuditTlsOptions {
  /** The name that is asked for (SNI), where it is not the host. @default the host, if it is a name */
  readonly servername?: string | undefined;
  /** Certificates of the authorities that the server's is held against, PEM. @default those of Node.js */
  readonly ca?: string | Buffer | undefined;
  /** The key of a client certificate, PEM. What a server accepts is found without one as well. @default none */
  readonly key?: string | Buffer | undefined;
  /** A client certificate, PEM. @default none */
  readonly cert?: string | Buffer | undefined;
  /** The longest time of one handshake, `"100ms"` to `"1m"`. @default "5s" */
  readonly timeout?: string | undefined;
  /** The longest time of all handshakes, `"1s"` to `"10m"`; then it rejects. @default "1m" */
  readonly deadline?: string | undefined;
}

/** What a TLS server accepts. Frozen. */
export interface TlsAudit {
  /** The versions of which it accepts a suite. */
  readonly versions: readonly SecureVersion[];
  /** The suites that it accepts, as OpenSSL names them, by version, the one that it likes best first. */
  readonly suites: Readonly<Partial<Record<SecureVersion, readonly string[]>>>;
  /** The groups of the key exchange that it accepts, with the newest version. */
  readonly groups: readonly string[];
  /** The certificate that it shows; times in ISO 8601, `""` for one that cannot be read. */
  readonly certificate:
    | {
        readonly subject: string;
        readonly issuer: string;
        readonly subjectAltName: string;
        readonly fingerprint256: string;
        readonly validFrom: string;
        readonly validTo: string;
        /** Kind and size: `"rsa 2048"`, `"ec prime256v1"`. */
        readonly key: string;
      }
    | undefined;
  /** Whether every suite that it accepts has forward secrecy, and every handshake got an answer. */
  readonly forwardSecrecy: boolean;
  /** What should be otherwise; empty for a server of `createSecureServer` with a good certificate. */
  readonly findings: readonly TlsFinding[];
}
