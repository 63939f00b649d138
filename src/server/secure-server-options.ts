import type { TlsProfile } from "./tls/profile.js";

/** A private key and its certificate: both as files, or both as PEM. */
export interface CredentialOptions {
  /** Path of the private key, PEM. It is read again when it changes. */
  readonly keyFile?: string | undefined;
  /**
   * Path of the certificate, PEM: that of the server first, the intermediate ones behind it, as `fullchain.pem` has
   * them. It is read again when it changes.
   */
  readonly certFile?: string | undefined;
  /** The private key itself, PEM, in place of `keyFile`. */
  readonly key?: string | Buffer | undefined;
  /** The certificate itself, PEM, in place of `certFile`: that of the server first, the intermediate ones behind it. */
  readonly cert?: string | Buffer | undefined;
  /** What the private key is encrypted with. @default none */
  readonly passphrase?: string | undefined;
}

/** Options of `createSecureServer`. */
export interface SecureServerOptions extends CredentialOptions {
  /**
   * `"intermediate"`: TLS 1.2 and 1.3; `"modern"`: TLS 1.3 only. Both have forward secrecy only.
   * @default "intermediate"
   * @see RFC 9325 §3.1 and §4.2
   */
  readonly profile?: TlsProfile | undefined;
  /**
   * Certificates of more host names, for clients that ask for one of them (SNI): `"api.example.com"`, or
   * `"*.example.com"` for exactly one label. Each certificate must be valid for its name. All other clients get the
   * certificate of the options around it.
   * @default none
   * @see RFC 6066 §3
   */
  readonly names?: Readonly<Record<string, CredentialOptions>> | undefined;
  /** Asks clients for a certificate. @default none */
  readonly mtls?: MtlsOptions | undefined;
  /**
   * When the files are read again. `false`: only when you call `server.reload()`.
   * @default { interval: "60s" } with files
   */
  readonly reload?: ReloadOptions | false | undefined;
  /**
   * How sessions are resumed. `false`: every connection makes a full handshake.
   * @default { rotate: "12h" }
   */
  readonly tickets?: TicketOptions | false | undefined;
}

/** Client certificates. */
export interface MtlsOptions {
  /**
   * Path of the certificates of the authorities that sign the certificates of clients, PEM, up to the root. It is read
   * again when it changes. Not those that the system trusts: anybody gets a certificate from them.
   */
  readonly caFile?: string | undefined;
  /** These certificates themselves, PEM, in place of `caFile`. */
  readonly ca?: string | Buffer | undefined;
  /**
   * Path of the revocation lists, PEM. It is read again when it changes. With one, each authority of a client's chain
   * needs one that is in date; else its clients are refused. One file may hold several.
   */
  readonly crlFile?: string | undefined;
  /** The revocation lists themselves, PEM, in place of `crlFile`. @default none */
  readonly crl?: string | Buffer | undefined;
  /**
   * `true` refuses connections without a valid certificate in the handshake. `false` lets all connect:
   * `getClientCertificate(req)` then tells who has a valid one.
   * @default true
   */
  readonly required?: boolean | undefined;
}

/** When files are read again. */
export interface ReloadOptions {
  /** Time between two looks at the content of the files, `"1s"` to `"1d"`. @default "60s" */
  readonly interval?: string | undefined;
}

/** The keys that session tickets are encrypted with. */
export interface TicketOptions {
  /** The time after which they are replaced, `"1m"` to `"7d"`. @default "12h" */
  readonly rotate?: string | undefined;
  /**
   * Processes that have the same secret, and the same `mtls`, make the same keys, each at the same time: a client may resume at any of them.
   * At least 32 bytes. Whoever knows it can read recorded TLS 1.2 connections that were resumed or can be. Without it, the keys are random, and of this process alone.
   * @default none
   */
  readonly secret?: string | Buffer | undefined;
}

/** What `server.reload()` takes for servers that were created with `key` and `cert`. */
export interface ReloadedCredentials {
  /** The new private key, PEM. */
  readonly key: string | Buffer;
  /** The new certificate, PEM: that of the server first, the intermediate ones behind it. */
  readonly cert: string | Buffer;
  /** What the new private key is encrypted with. @default none */
  readonly passphrase?: string | undefined;
}
