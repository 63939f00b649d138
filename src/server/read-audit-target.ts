import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { describeValue } from "../core/options/value.js";
import type { AuditTlsOptions } from "./audit-tls-options.js";
import {
  checkKeyOf,
  parseCertificates,
  parsePrivateKey,
} from "./tls/credentials/check-certificates.js";
import { readText } from "./tls/credentials/read-pem.js";
import type { HandshakeTarget } from "./tls-audit/try-handshake.js";

const KEYS: OptionKeys<AuditTlsOptions> = {
  servername: "neverUndefined",
  ca: "neverUndefined",
  key: "neverUndefined",
  cert: "neverUndefined",
  timeout: true,
  deadline: true,
};
/** What Node.js calls these options. */
export const AUDIT_TLS_HINTS: Hints<AuditTlsOptions> = {
  host: "write the host as the first argument, auditTls(host, port)",
  hostname: "servername",
  sni: "servername",
  rejectUnauthorized: "leave it out, whether the certificate is trusted is one of the findings",
};
const CALL = 'await auditTls("127.0.0.1", 8443)';

/** Reads the arguments of `auditTls`. @throws OptionsError when one is wrong. */
export function readAuditTarget(host: unknown, port: unknown, options: unknown): HandshakeTarget {
  const reader = readOptions<AuditTlsOptions>("auditTls", options, KEYS, AUDIT_TLS_HINTS, CALL);
  if (typeof host !== "string" || !/^[\w.:%-]{1,253}$/.test(host))
    reader.problems.note(
      "auditTls.host",
      `must be a name or an address, got ${describeValue(host)}: write ${CALL}`,
    );
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535)
    reader.problems.note(
      "auditTls.port",
      `must be a whole number from 1 to 65535, got ${describeValue(port)}`,
    );
  const servername = reader.string("servername");
  const [ca, key, cert] = [pemOf(reader, "ca"), pemOf(reader, "key"), pemOf(reader, "cert")];
  if (reader.has("key") !== reader.has("cert"))
    reader.note(reader.has("key") ? "key" : "cert", "must stand beside the other of key and cert");
  checkTexts(reader, key, cert, ca);
  const timeoutMs = reader.duration("timeout", { min: "100ms", max: "1m", default: "5s" });
  const deadlineMs = reader.duration("deadline", { min: "1s", max: "10m", default: "1m" });
  reader.finish();
  const endsAt = performance.now() + deadlineMs;
  const [name, number] = [String(host), Number(port)];
  return { host: name, port: number, servername, timeoutMs, endsAt, key, cert, ca };
}

/** What OpenSSL would throw at the first handshake, and a list of authorities that it would read as empty. */
function checkTexts(
  reader: OptionsReader<"ca" | "key" | "cert">,
  key: string | undefined,
  cert: string | undefined,
  ca: string | undefined,
): void {
  const chain =
    cert === undefined ? [] : parseCertificates(cert, (fault) => reader.note("cert", fault));
  const found =
    key === undefined
      ? undefined
      : parsePrivateKey(key, undefined, (fault) => reader.note("key", fault));
  if (found !== undefined && chain.length > 0)
    checkKeyOf(chain, found, (fault) => reader.note("cert", fault));
  if (ca !== undefined) parseCertificates(ca, (fault) => reader.note("ca", fault));
}

function pemOf(
  reader: OptionsReader<"ca" | "key" | "cert">,
  name: "ca" | "key" | "cert",
): string | undefined {
  return reader.has(name) ? readText(reader, name)?.pem : undefined;
}
