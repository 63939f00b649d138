import type { CertificateSummary } from "./credentials/load-credentials.js";
import { publishTlsEvent } from "./tls-events.js";

/** Renewal begins at a third (ACME clients): what is left below this says that it does not work. */
const LAST_SHARE = 1 / 4;
const DAY_MS = 86_400_000;

/** Warns of certificates that nobody renews: once when little time is left, once when they have expired. */
export class ExpiryWatch {
  /** What was said of each certificate in use. */
  #told: ReadonlyMap<string, string> = new Map();

  check(certificates: readonly CertificateSummary[], now: number): void {
    const told = new Map<string, string>();
    for (const certificate of certificates) {
      const { fingerprint256: id } = certificate;
      const state = stateOf(certificate, now);
      if (state === undefined) continue;
      if (this.#told.get(id) !== state && told.get(id) !== state) warn(certificate, state);
      told.set(id, state);
    }
    this.#told = told;
  }
}

function stateOf({ validFrom, validTo }: CertificateSummary, now: number): string | undefined {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now > to) return "has expired";
  if (to - now >= (to - from) * LAST_SHARE) return undefined;
  return "expires soon";
}

function warn(certificate: CertificateSummary, state: string): void {
  const { name, validTo } = certificate;
  const which = name === undefined ? "the certificate" : `the certificate for ${name}`;
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  process.emitWarning(
    `createSecureServer: ${which} ${state}, at ${validTo} (${days} days). Does its renewal work, and does it write the files that the server reads?`,
    { code: "EXPRESS_SECURE_API_TLS_EXPIRES_SOON" },
  );
  publishTlsEvent({ event: "tls.expires_soon", certificate });
}
