/** RFC 9440 §2.2, as a byte sequence of RFC 8941 §3.3.5. */
const BYTE_SEQUENCE = /^:((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?):$/;
/** What nginx (`$ssl_client_escaped_cert`) and the load balancers of AWS send, once decoded. */
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z\d+/=\s]+)-----END CERTIFICATE-----\s*$/;

/**
 * The certificate in DER that a proxy sends in a field: `:MIIB…:` (RFC 9440), or PEM in percent-encoding. `undefined` when
 * it is none, or there are several: fields that are repeated are joined with a comma, which neither can hold.
 */
export function parseForwardedCertificate(value: string): Buffer | undefined {
  const [, bytes] = BYTE_SEQUENCE.exec(value) ?? [];
  if (bytes !== undefined) return bytes === "" ? undefined : Buffer.from(bytes, "base64");
  if (!value.startsWith("-----BEGIN%20CERTIFICATE-----")) return undefined;
  const [, pem] = PEM.exec(decode(value)) ?? [];
  return pem === undefined ? undefined : Buffer.from(pem, "base64");
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
