import type { X509Certificate } from "node:crypto";
import type { ProblemList } from "../../../core/options/problem-list.js";
import {
  checkDates,
  checkKeyOf,
  checkStrength,
  parseCertificates,
  parsePrivateKey,
  validityOf,
} from "./check-certificates.js";
import { type PemSource, type PemTexts, textOf } from "./pem-source.js";

/** A private key and its certificate, as they were read from options. */
export interface CredentialSettings {
  readonly key: PemSource;
  readonly cert: PemSource;
  readonly passphrase: string | undefined;
  /** The host name that the certificate must be valid for. */
  readonly name: string | undefined;
}

/** A certificate in use. */
export interface CertificateSummary {
  /** The host name of `names`; `undefined` is the certificate of all other clients. */
  readonly name: string | undefined;
  /** The subject alternative names, as Node.js writes them: `DNS:api.example.com`. */
  readonly subjectAltName: string;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint256: string;
  /** The first moment at which it is valid (ISO 8601). */
  readonly validFrom: string;
  /** The last moment at which it is valid (ISO 8601). */
  readonly validTo: string;
}

/** What a secure context is made of, and what it shows. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly passphrase: string | undefined;
  readonly summary: CertificateSummary;
}

/**
 * Checks a key and its certificate against each other, and against the clock if there is `now`. Notes each problem at the
 * option that has it.
 */
export function loadCredentials(
  settings: CredentialSettings,
  texts: PemTexts,
  problems: ProblemList,
  now: number | undefined,
): Credentials | undefined {
  const { passphrase, name } = settings;
  const key = textOf(settings.key, texts, problems);
  const cert = textOf(settings.cert, texts, problems);
  let isSound = true;
  const note = (source: PemSource) => (sentence: string) => {
    isSound = false;
    problems.note(source.path, sentence);
  };
  const ofCert = note(settings.cert);
  const parsed =
    key === undefined ? undefined : parsePrivateKey(key, passphrase, note(settings.key));
  const chain = cert === undefined ? [] : parseCertificates(cert, ofCert);
  const [leaf] = chain;
  checkStrength(chain, ofCert);
  if (now !== undefined) checkDates(chain, now, ofCert);
  if (leaf === undefined) return undefined;
  if (parsed !== undefined) checkKeyOf(chain, parsed, ofCert);
  if (name !== undefined && !isForName(leaf, name))
    ofCert("must be valid for the name that it is given for");
  if (key === undefined || cert === undefined || !isSound) return undefined;
  return { key, cert, passphrase, summary: summarize(leaf, name) };
}

/** For a wildcard, two labels that no certificate names one by one. */
function isForName(leaf: X509Certificate, name: string): boolean {
  return ["0-wildcard", "wildcard-0"].every(
    (label) => leaf.checkHost(name.replace(/^\*/, label)) !== undefined,
  );
}

function summarize(leaf: X509Certificate, name: string | undefined): CertificateSummary {
  const { from, to } = validityOf(leaf);
  return Object.freeze({
    name,
    subjectAltName: leaf.subjectAltName ?? "",
    fingerprint256: leaf.fingerprint256,
    validFrom: new Date(from).toISOString(),
    validTo: new Date(to).toISOString(),
  });
}
