import { isIP } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";

/** What a server accepts of TLS. */
export interface TlsFindings {
  /** Such as `TLSv1.1`, of those that were tried. */
  readonly versions: readonly string[];
  /** Whether it accepts no suite without it. */
  readonly forwardSecrecy: boolean;
}

const TIMEOUT_MS = 5000;

/**
 * Offers a server what it must not accept: old versions, and suites whose key exchange is static RSA.
 *
 * @throws Error when the server does not answer at all.
 */
export async function auditTls(host: string, port: number): Promise<TlsFindings> {
  const old = await versionOf(host, port, {
    minVersion: "TLSv1",
    maxVersion: "TLSv1.1",
    ciphers: "ALL:@SECLEVEL=0",
  });
  const rsa = await versionOf(host, port, {
    minVersion: "TLSv1",
    maxVersion: "TLSv1.2",
    ciphers: "kRSA:@SECLEVEL=0",
  });
  return { versions: old === undefined ? [] : [old], forwardSecrecy: rsa === undefined };
}

/** The version of a handshake that succeeds; `undefined` when the server refuses it. */
function versionOf(
  host: string,
  port: number,
  options: ConnectionOptions,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ ...options, ...name, host, port, rejectUnauthorized: false });
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy(new Error("no answer to a handshake"));
    });
    socket.once("secureConnect", () => {
      resolve(socket.getProtocol() ?? "unknown");
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      // An alert, or a connection that is closed in place of one, refuses the offer.
      const isRefused = /^(?:ERR_SSL_|EPROTO$|ECONNRESET$)/.test(error.code ?? "");
      if (isRefused) resolve(undefined);
      else reject(error);
      socket.destroy();
    });
  });
}
