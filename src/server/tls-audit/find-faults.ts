import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  checkDates,
  checkStrength,
  publicKeyOf,
  validityOf,
} from "../tls/credentials/check-certificates.js";
import type { Accepted } from "./list-accepted.js";

/** Something about a server's TLS that should be otherwise. */
export interface TlsFinding {
  readonly code:
    | "no-tls"
    | "no-forward-secrecy"
    | "old-version"
    | "no-tls13"
    | "weak-suite"
    | "weak-group"
    | "certificate-fault"
    | "certificate-name"
    | "certificate-untrusted"
    | "unanswered";
  /** `"error"`: connections can be read or changed, or clients refuse them. `"warning"`: it could be better. */
  readonly severity: "error" | "warning";
  /** In words, with the names of what was found. */
  readonly detail: string;
}

const OLD_VERSIONS = ["TLSv1", "TLSv1.1"];
const STRONG_GROUPS = ["X25519MLKEM768", "X25519", "prime256v1", "secp384r1", "secp521r1", "X448"];

/** Whether the keys of a connection are gone when it ends. */
export function hasForwardSecrecy(suite: string): boolean {
  return /^(?:TLS_|(?:ECDHE|DHE)-)/.test(suite);
}

/** What is wrong with what a server accepts. */
export function findFaults(
  accepted: Accepted,
  certificate: X509Certificate | undefined,
  name: string,
): readonly TlsFinding[] {
  const findings: TlsFinding[] = [];
  const add = (code: TlsFinding["code"], severity: TlsFinding["severity"], detail: string) =>
    void findings.push(Object.freeze({ code, severity, detail }));
  const { suites, groups, silent, shown } = accepted;
  const all = [...new Set([...suites.values()].flat())];
  const list = (names: readonly string[]) => names.join(", ");

  if (all.length === 0) add("no-tls", "error", "No handshake of any version completes");
  const old = OLD_VERSIONS.filter((version) => suites.has(version as "TLSv1"));
  if (old.length > 0) add("old-version", "error", `Accepts ${list(old)} (RFC 8996)`);
  if (all.length > 0 && !suites.has("TLSv1.3")) add("no-tls13", "warning", "No TLS 1.3");
  const bare = all.filter((suite) => !hasForwardSecrecy(suite));
  if (bare.length > 0)
    add("no-forward-secrecy", "error", `Without forward secrecy: ${list(bare)} (RFC 9325 §4.1)`);
  const weak = all.filter((suite) => hasForwardSecrecy(suite) && !/GCM|CCM|POLY1305/.test(suite));
  if (weak.length > 0)
    add("weak-suite", "warning", `Without authenticated encryption: ${list(weak)} (RFC 9325 §4.2)`);
  const small = groups.filter((group) => !STRONG_GROUPS.includes(group));
  if (small.length > 0)
    add(
      "weak-group",
      "warning",
      `Groups of finite fields, which cost servers much: ${list(small)} (CVE-2002-20001)`,
    );
  if (silent > 0)
    add(
      "unanswered",
      "error",
      `${silent} handshakes got no answer, or none to its end: nothing is known of them`,
    );
  if (certificate === undefined) return Object.freeze(findings);

  const fault = (sentence: string) =>
    add("certificate-fault", "error", `The certificate ${sentence}`);
  checkStrength([certificate], fault);
  checkDates([certificate], Date.now(), fault);
  if (!isFor(certificate, name))
    add("certificate-name", "error", "The certificate is not for the name that was asked for");
  if (shown?.mistrust !== undefined)
    add("certificate-untrusted", "warning", `This machine does not trust it: ${shown.mistrust}`);
  return Object.freeze(findings);
}

/** The parts of a certificate that an operator looks for. */
export function describeCertificate(certificate: X509Certificate): {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectAltName: string;
  readonly fingerprint256: string;
  readonly validFrom: string;
  readonly validTo: string;
  readonly key: string;
} {
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: details } =
    publicKeyOf(certificate) ?? {};
  const size = details?.namedCurve ?? details?.modulusLength ?? "";
  const { from, to } = validityOf(certificate);
  return Object.freeze({
    subject: certificate.subject ?? "",
    issuer: certificate.issuer ?? "",
    subjectAltName: certificate.subjectAltName ?? "",
    fingerprint256: certificate.fingerprint256,
    validFrom: timeOf(from),
    validTo: timeOf(to),
    key: `${type} ${size}`.trim(),
  });
}

/** A server may show a certificate with times that are none. */
function timeOf(time: number): string {
  return Number.isNaN(time) ? "" : new Date(time).toISOString();
}

function isFor(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  return found !== undefined;
}
