import { createHash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import type { ProblemList } from "../../core/options/problem-list.js";
import {
  type CertificateSummary,
  type CredentialSettings,
  type Credentials,
  loadCredentials,
} from "./credentials/load-credentials.js";
import { loadTrust, type Trust, type TrustSettings } from "./credentials/load-trust.js";
import type { PemSource, PemTexts } from "./credentials/pem-source.js";
import type { TlsOptions } from "./profile.js";

/** What a secure server is made of, as it was read from options. */
export interface SecureServerSettings {
  readonly profile: TlsOptions;
  readonly main: CredentialSettings;
  /** The certificates of more names, in lower case. */
  readonly names: ReadonlyMap<string, CredentialSettings>;
  readonly mtls: TrustSettings | undefined;
}

/** Everything that handshakes need at one moment. It is used as a whole, or not at all. */
export interface ServerContext {
  /** For all clients that ask for none of the names. */
  readonly options: SecureContextOptions;
  readonly names: ReadonlyMap<string, SecureContext>;
  readonly certificates: readonly CertificateSummary[];
  /** Changes when other client certificates are accepted. */
  readonly trustDigest: string;
}

/** All texts that the settings name. */
export function sourcesOf({ main, names, mtls }: SecureServerSettings): readonly PemSource[] {
  const credentials = [main, ...names.values()].flatMap(({ key, cert }) => [key, cert]);
  if (mtls === undefined) return credentials;
  return [...credentials, mtls.ca, ...(mtls.crl === undefined ? [] : [mtls.crl])];
}

/** A digest of all texts, to see whether one has changed. */
export function digestOf(texts: PemTexts): string {
  const hash = createHash("sha256");
  for (const text of texts.values()) hash.update(JSON.stringify(text));
  return hash.digest("hex");
}

/**
 * Builds the context from the texts. Notes every problem; `undefined` when there is one.
 *
 * @param inUse - The texts of the context that this one replaces. What stays as it is may have expired since: it must not
 * keep the others from being renewed.
 */
export function buildContext(
  settings: SecureServerSettings,
  texts: PemTexts,
  problems: ProblemList,
  now: number,
  inUse?: PemTexts,
): ServerContext | undefined {
  const isKept = (...sources: readonly PemSource[]) =>
    sources.every((source) => inUse?.has(source) && inUse.get(source) === texts.get(source));
  const build = (credentials: CredentialSettings) => {
    const at = isKept(credentials.key, credentials.cert) ? undefined : now;
    return buildOne(credentials, settings, trust, texts, problems, at);
  };
  const { mtls } = settings;
  const trust = mtls && loadTrust(mtls, texts, problems, isKept(mtls.ca) ? undefined : now);
  const main = build(settings.main);
  const names = new Map<string, SecureContext>();
  const certificates = main === undefined ? [] : [main.summary];
  for (const [name, credentials] of settings.names) {
    const built = build(credentials);
    if (built === undefined) continue;
    names.set(name, built.context);
    certificates.push(built.summary);
  }
  const complete =
    names.size === settings.names.size && (trust !== undefined) === (settings.mtls !== undefined);
  if (main === undefined || !complete) return undefined;
  return {
    options: main.options,
    names,
    certificates: Object.freeze(certificates),
    trustDigest: trust?.digest ?? "",
  };
}

interface Built {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
  readonly summary: CertificateSummary;
}

function buildOne(
  credentials: CredentialSettings,
  settings: SecureServerSettings,
  trust: Trust | undefined,
  texts: PemTexts,
  problems: ProblemList,
  now: number | undefined,
): Built | undefined {
  const loaded = loadCredentials(credentials, texts, problems, now);
  // Nothing is built beside a problem: all of it is refused.
  if (loaded === undefined || !problems.isEmpty) return undefined;
  const options = contextOptions(settings.profile, loaded, trust);
  try {
    return { options, context: createSecureContext(options), summary: loaded.summary };
  } catch (error) {
    const { code = "an error" } = error as NodeJS.ErrnoException;
    problems.note(credentials.cert.path, `must be accepted by OpenSSL, got ${code}`);
    return undefined;
  }
}

/** All that a context needs: what is left out here would fall back to the defaults of Node.js at a reload. */
function contextOptions(
  { handshakeTimeout: _ofServer, ...profile }: TlsOptions,
  { key, cert, passphrase }: Credentials,
  trust: Trust | undefined,
): SecureContextOptions {
  return Object.freeze({
    ...profile,
    key,
    cert,
    ...(passphrase !== undefined && { passphrase }),
    ...(trust !== undefined && { ca: [...trust.ca] }),
    ...(trust?.crl !== undefined && { crl: [...trust.crl] }),
  });
}
