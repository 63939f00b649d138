import { X509Certificate } from "node:crypto";
import type { SecureVersion } from "node:tls";
import { assertNoMiddleware } from "../core/options/uncalled-factory.js";
import type { AuditTlsOptions, TlsAudit } from "./audit-tls-options.js";
import { readAuditTarget } from "./read-audit-target.js";
import { knowsHybrid } from "./tls/profile.js";
import { describeCertificate, findFaults, hasForwardSecrecy } from "./tls-audit/find-faults.js";
import { listAccepted } from "./tls-audit/list-accepted.js";

const CALL = 'await auditTls("127.0.0.1", 8443)';

/**
 * Finds out what a TLS server accepts, by connecting to it: protocol versions, cipher suites, groups, and the certificate
 * that it shows. It works with any server, and sends no request.
 *
 * It sees what this Node.js can offer itself: SSL 3, RC4 and the like are not tried. One connection is open at a time,
 * about twenty in all, at most a few hundred. Ask servers of your own.
 *
 * @param host - A name or an address.
 * @throws OptionsError (rejects) when an argument or an option is wrong.
 * @throws TlsAuditError (rejects) when nobody listens there, there is no connection within `timeout`, or `deadline` is over.
 * @see RFC 9325 §3 and §4
 */
export function auditTls(
  host: string,
  port: number,
  options: AuditTlsOptions = {},
): Promise<TlsAudit> {
  // At once: Express 4 would let the request hang after a rejection.
  assertNoMiddleware("auditTls", host, CALL);
  return audit(host, port, options);
}

async function audit(host: string, port: number, options: AuditTlsOptions): Promise<TlsAudit> {
  const target = readAuditTarget(host, port, options);
  const accepted = await listAccepted(target, knowsHybrid());
  const { suites, groups, shown, silent } = accepted;
  const der = shown?.certificate;
  const certificate = der === undefined ? undefined : new X509Certificate(der);
  const all = [...suites.values()].flat();
  const findings = findFaults(accepted, certificate, target.servername ?? host);
  return Object.freeze({
    versions: Object.freeze([...suites.keys()]),
    suites: Object.freeze(Object.fromEntries(suites)) as Readonly<
      Partial<Record<SecureVersion, readonly string[]>>
    >,
    groups: Object.freeze(groups),
    certificate: certificate && describeCertificate(certificate),
    // What got no answer may lack it.
    forwardSecrecy: all.length > 0 && all.every(hasForwardSecrecy) && silent === 0,
    findings,
  });
}
