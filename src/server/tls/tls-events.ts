import { safeChannel } from "../../core/decision/safe-channel.js";
import type { CertificateSummary } from "./credentials/load-credentials.js";

/** What happens to the certificates of a server is published there, as a {@link TlsEvent}. */
export const TLS_CHANNEL = "express-secure-api:tls";

/** What happened to the certificates of a server. */
export type TlsEvent =
  | { readonly event: "tls.reloaded"; readonly certificates: readonly CertificateSummary[] }
  /** The old ones stay in use. The problems are those of an `OptionsError`. */
  | { readonly event: "tls.reload_failed"; readonly problems: readonly string[] }
  /** Less than a quarter of its lifetime is left, or nothing. */
  | { readonly event: "tls.expires_soon"; readonly certificate: CertificateSummary };

const channel = safeChannel(TLS_CHANNEL);

/** Tells whoever listens. */
export function publishTlsEvent(event: TlsEvent): void {
  if (channel.hasSubscribers) channel.publish(Object.freeze(event));
}
