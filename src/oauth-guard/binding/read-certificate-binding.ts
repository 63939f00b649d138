import { isToken } from "../../core/http/header-values.js";
import { readTrustedPeers } from "../../core/http/trusted-peers.js";
import type { Hints, OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { BindingSettings } from "./certificate-binding.js";

/** Access tokens that are bound to the certificate of the client (mutual TLS). */
export interface CertificateBindingOptions {
  /**
   * `true` refuses tokens that are bound to no certificate. `false` accepts them as bearer tokens beside those that are
   * bound.
   * @default true
   */
  readonly required?: boolean | undefined;
  /**
   * The field in which a proxy that ends TLS sends the certificate: `"Client-Cert"` (RFC 9440), or one with PEM in
   * percent-encoding. It counts from `trustedPeers` only. Without it, the certificate is that of the connection.
   * @default none
   * @see RFC 9440 §2.2
   */
  readonly header?: string | undefined;
  /**
   * Addresses and networks of the proxies that send `header`, compared with the address of the connection. They must
   * remove the field when a client sends it.
   * @default none
   */
  readonly trustedPeers?: string | readonly string[] | undefined;
}

const KEYS: OptionKeys<CertificateBindingOptions> = {
  required: true,
  header: "neverUndefined",
  trustedPeers: "neverUndefined",
};

/** What other packages call these options. */
export const CERTIFICATE_BINDING_HINTS: Hints<CertificateBindingOptions> = {
  headerName: "header",
  clientCertHeader: "header",
  trustedProxies: "trustedPeers",
};

/** Reads `certificateBinding`; `undefined` when it is left out. What is wrong is noted with the reader. */
export function readCertificateBinding(
  reader: OptionsReader<"certificateBinding">,
): BindingSettings | undefined {
  const binding = reader.object<CertificateBindingOptions>(
    "certificateBinding",
    KEYS,
    CERTIFICATE_BINDING_HINTS,
    "{ required: true }",
  );
  if (binding === undefined) return undefined;
  const required = binding.boolean("required", { default: true });
  const header = binding.string("header");
  const isTrusted = readTrustedPeers(binding, "trustedPeers");
  if (header !== undefined && !isToken(header))
    binding.problem("header", "the name of a header field");
  if (binding.has("header") !== binding.has("trustedPeers")) {
    const [given, missing] = binding.has("header")
      ? (["header", "trustedPeers"] as const)
      : (["trustedPeers", "header"] as const);
    binding.note(given, `must stand beside ${missing}: a field counts from named peers only`);
  }
  const forwarded = header === undefined ? undefined : { header: header.toLowerCase(), isTrusted };
  return { required, forwarded };
}
