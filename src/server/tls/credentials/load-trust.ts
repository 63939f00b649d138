import { createHash } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { ProblemList } from "../../../core/options/problem-list.js";
import { isSelfIssued, parseCertificates, validityOf } from "./check-certificates.js";
import { type PemSource, type PemTexts, textOf } from "./pem-source.js";

/** Who may sign the certificates of clients, as it was read from options. */
export interface TrustSettings {
  readonly ca: PemSource;
  readonly crl: PemSource | undefined;
  readonly required: boolean;
}

/** Whose certificates are accepted, and a digest that changes when that changes. */
export interface Trust {
  readonly ca: string;
  readonly crl: string | undefined;
  readonly digest: string;
}

/** Checks the authorities and revocation lists for client certificates. */
export function loadTrust(
  { ca, crl }: TrustSettings,
  texts: PemTexts,
  problems: ProblemList,
  now: number,
): Trust | undefined {
  const caText = textOf(ca, texts, problems);
  const crlText = crl === undefined ? undefined : textOf(crl, texts, problems);
  const isTrusted = caText !== undefined && checkAuthorities(caText, ca, problems, now);
  const isReadable =
    crl === undefined || (crlText !== undefined && checkRevocations(crlText, crl, problems));
  if (!isTrusted || !isReadable) return undefined;
  const digest = createHash("sha256")
    .update(caText)
    .update("\0")
    .update(crlText ?? "");
  return { ca: caText, crl: crlText, digest: digest.digest("hex") };
}

function checkAuthorities(
  text: string,
  { path }: PemSource,
  problems: ProblemList,
  now: number,
): boolean {
  let isSound = true;
  const note = (sentence: string) => {
    isSound = false;
    problems.note(path, sentence);
  };
  const authorities = parseCertificates(text, note);
  for (const [index, certificate] of authorities.entries()) {
    // A client's own certificate may stand here, when nobody else has signed it.
    if (!certificate.ca && !isSelfIssued(certificate))
      note(`must be certificates of authorities, got another one as number ${index + 1}`);
  }
  if (authorities.length > 0 && authorities.every((one) => validityOf(one).to < now))
    note("must have an authority that is valid now, got expired ones only");
  return isSound;
}

function checkRevocations(text: string, { path }: PemSource, problems: ProblemList): boolean {
  const must = "must be revocation lists in PEM (-----BEGIN X509 CRL-----)";
  if (!/-----BEGIN X509 CRL-----/.test(text)) {
    problems.note(path, must);
    return false;
  }
  try {
    createSecureContext({ crl: text });
    return true;
  } catch {
    problems.note(path, `${must}, got one that cannot be parsed`);
    return false;
  }
}
