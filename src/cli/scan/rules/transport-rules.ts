import { rule, type ScanRule } from "./scan-rule.js";

const HEADERS = "Mount secureHeaders() in front of everything that answers";

/** Rules about what somebody on the way can read or change. */
export const TRANSPORT_RULES = {
  "plain-http": rule(
    "transport",
    "high",
    "The API is used over plain HTTP",
    "Everybody on the way reads and changes requests, tokens and answers",
    "Serve it over HTTPS, by a proxy in front or with TLS of its own",
  ),
  "http-serves": rule(
    "transport",
    "high",
    "The host of the API serves it over plain HTTP as well",
    "A client with a wrong URL sends its token readable, and nobody notices",
    "Refuse plain HTTP: close the port, or answer 403 there without doing anything",
  ),
  "http-redirects-credentials": rule(
    "transport",
    "low",
    "A request with credentials over plain HTTP is redirected",
    "The token has been sent readable, and the redirect hides the mistake in the client",
    "Answer requests with credentials over plain HTTP with 403, and revoke what they carry",
  ),
  "hsts-missing": rule(
    "transport",
    "medium",
    "Strict-Transport-Security is missing",
    "Browsers try plain HTTP first, where somebody on the way can answer (RFC 6797)",
    `${HEADERS}; behind a proxy set "trust proxy"`,
  ),
  "hsts-short": rule(
    "transport",
    "low",
    "Strict-Transport-Security is valid for less than half a year",
    "Browsers forget it between two visits",
    'Leave hsts.maxAge of secureHeaders() at its default, "730d"',
  ),
  "certificate-invalid": rule(
    "tls",
    "high",
    "The certificate is not valid for this host",
    "Clients refuse it, or have been told to accept any certificate, also that of an attacker",
    "Install a certificate of this host with its chain, and renew it in time",
  ),
  "certificate-not-trusted": rule(
    "tls",
    "info",
    "The certificate of this machine is not trusted",
    "That is usual on a developer's machine, and wrong anywhere else",
    "Name the issuer in NODE_EXTRA_CA_CERTS to have it checked",
  ),
  "certificate-expires": rule(
    "tls",
    "low",
    "The certificate expires within two weeks",
    "Afterwards no client can connect",
    "Renew it, and let a program do so from now on",
  ),
  "tls-weak-version": rule(
    "tls",
    "high",
    "The server accepts TLS 1.0 or 1.1",
    "Both are broken, and deprecated (RFC 8996)",
    "Accept TLS 1.2 and 1.3 only",
  ),
  "tls-no-forward-secrecy": rule(
    "tls",
    "medium",
    "The server accepts cipher suites without forward secrecy",
    "Whoever gets the key later can read what was recorded before (RFC 9325 §4.1)",
    "Accept ECDHE suites only: tlsOptions() of express-secure-api/server names them",
  ),
  "tls-weak-suite": rule(
    "tls",
    "low",
    "The server accepts weak suites or groups",
    "CBC and small groups have been attacked before (RFC 9325 §4.2)",
    "Accept ECDHE suites with GCM or ChaCha20 only: tlsOptions() of express-secure-api/server names them",
  ),
  "tls-no-newest": rule(
    "tls",
    "info",
    "The server does not accept TLS 1.3",
    "It has no suites without forward secrecy, and hides the certificate (RFC 9325 §3.1.1)",
    "Accept TLS 1.2 and 1.3",
  ),
} as const satisfies Readonly<Record<string, ScanRule>>;
