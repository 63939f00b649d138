import { createHash, type X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { ProblemList } from "../../../core/options/problem-list.js";
import { isSelfIssued, parseCertificates, validityOf } from "./check-certificates.js";
import { CERTIFICATES, pemBlocks, REVOCATIONS } from "./pem-blocks.js";
import { type PemSource, type PemTexts, textOf } from "./pem-source.js";

/** Who may sign the certificates of clients, as it was read from options. */
export interface TrustSettings {
  readonly ca: PemSource;
  readonly crl: PemSource | undefined;
  readonly required: boolean;
}

/** Whose certificates are accepted, one text for each, and a digest that changes when that changes. */
export interface Trust {
  readonly ca: readonly string[];
  readonly crl: readonly string[] | undefined;
  readonly digest: string;
}

/** Checks the authorities and revocation lists for client certificates. Without `now`, no look at the time. */
export function loadTrust(
  { ca, crl, required }: TrustSettings,
  texts: PemTexts,
  problems: ProblemList,
  now: number | undefined,
): Trust | undefined {
  const caText = textOf(ca, texts, problems);
  const crlText = crl === undefined ? undefined : textOf(crl, texts, problems);
  const isTrusted = caText !== undefined && checkAuthorities(caText, ca, problems, now);
  const isReadable =
    crl === undefined || (crlText !== undefined && checkRevocations(crlText, crl, problems));
  if (!isTrusted || !isReadable) return undefined;
  // A session without a certificate, of a server that requires none, must not resume at one that does.
  const digest = createHash("sha256").update(JSON.stringify([required, caText, crlText ?? ""]));
  return { ca: authoritiesOf(caText), crl: revocationsOf(crlText), digest: digest.digest("hex") };
}

function checkAuthorities(
  text: string,
  { path }: PemSource,
  problems: ProblemList,
  now: number | undefined,
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
  // OpenSSL follows a chain to its end: with intermediate authorities alone, every client would be refused.
  if (isSound && authorities.length > 0 && !authorities.some(isSelfIssued))
    note("must hold the root authority too, got intermediate ones only");
  const isOver = (one: X509Certificate) => now !== undefined && validityOf(one).to < now;
  if (authorities.length > 0 && authorities.every(isOver))
    note("must have an authority that is valid now, got expired ones only");
  return isSound;
}

function checkRevocations(text: string, { path }: PemSource, problems: ProblemList): boolean {
  const must = "must be revocation lists in PEM (-----BEGIN X509 CRL-----)";
  const lists = pemBlocks(text, REVOCATIONS);
  if (lists === undefined || lists.length === 0) {
    problems.note(path, lists === undefined ? `${must}, got one that is cut off` : must);
    return false;
  }
  try {
    createSecureContext({ crl: lists });
    return true;
  } catch {
    problems.note(path, `${must}, got one that cannot be parsed`);
    return false;
  }
}

/** Only what was looked at: OpenSSL would also read other kinds of blocks. */
function authoritiesOf(text: string): readonly string[] {
  return pemBlocks(text, CERTIFICATES) ?? [];
}

/** One by one: Node.js reads only the first list of a text. */
function revocationsOf(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : pemBlocks(text, REVOCATIONS);
}
