import { connect as connectTcp, isIP } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

/** Where handshakes go, and how long they may take. */
export interface HandshakeTarget {
  readonly host: string;
  readonly port: number;
  readonly servername: string | undefined;
  readonly timeoutMs: number;
  /** When the whole audit must have ended, as `performance.now()` counts. */
  readonly endsAt: number;
  /** The certificate that is shown to a server that asks for one. */
  readonly key: string | undefined;
  readonly cert: string | undefined;
  readonly ca: string | undefined;
}

/** What a server chose, as far as the handshake went. */
export interface Choice {
  readonly suite: string;
  /** The group of the key exchange, where Node.js tells it. */
  readonly group: string | undefined;
  /** DER, or `undefined` when the server showed none. */
  readonly certificate: Buffer | undefined;
  /** Why this client does not trust the certificate. */
  readonly mistrust: string | undefined;
}

/** `"refused"`: the server said no. `"silent"`: it said nothing, or broke off after more than a no. */
export type Attempt = Choice | "refused" | "silent";

/** One alert, RFC 8446 §5.1 and §6. A server that says more has begun to answer: it may have chosen a suite. */
const ALERT_BYTES = 7;
/** A connection that ended, and not by the rules of TLS. */
const BROKEN_OFF = ["ECONNRESET", "EPIPE", "ECONNABORTED"];

/** That nobody listens, or that there is no time left. */
export class TlsAuditError extends Error {
  override readonly name = "TlsAuditError";
}

/**
 * One handshake with certain offers. A server that wants a client certificate ends it later than it chooses: what it chose
 * counts.
 *
 * @throws TlsAuditError when there is no connection at all, or no time left.
 */
export async function tryHandshake(
  target: HandshakeTarget,
  offers: Pick<ConnectionOptions, "minVersion" | "maxVersion" | "ciphers" | "ecdhCurve">,
): Promise<Attempt> {
  const left = target.endsAt - performance.now();
  if (left <= 0) throw new TlsAuditError("auditTls: the audit did not end in time");
  const { host, port, servername, key, cert, ca } = target;
  return await new Promise<Attempt>((resolve, reject) => {
    const connection = connectTcp({ host, port });
    let socket: TLSSocket | undefined;
    const timer = setTimeout(
      () => (socket === undefined ? fail("ETIMEDOUT") : settle("silent")),
      Math.min(left, target.timeoutMs),
    );
    const stop = () => {
      clearTimeout(timer);
      socket?.destroy();
      connection.destroy();
    };
    const settle = (attempt: Attempt) => {
      stop();
      resolve(attempt);
    };
    const fail = (code: string) => {
      stop();
      reject(new TlsAuditError(`auditTls: there is no connection: ${code}`));
    };
    connection.once("connect", () => {
      const handshake = connect({
        socket: connection,
        // What it chooses is looked at, whoever has signed its certificate. Nothing is sent.
        rejectUnauthorized: false,
        ALPNProtocols: ["http/1.1"],
        ...(servername !== undefined && { servername }),
        ...(servername === undefined && isIP(host) === 0 && { servername: host }),
        ...(key !== undefined && cert !== undefined && { key, cert }),
        ...(ca !== undefined && { ca }),
        ...offers,
      });
      socket = handshake;
      const broken = () => (connection.bytesRead > ALERT_BYTES ? "silent" : "refused");
      handshake.once("secureConnect", () => settle(choiceOf(handshake) ?? "refused"));
      handshake.once("close", () => settle(broken()));
      handshake.on("error", ({ code }: NodeJS.ErrnoException) =>
        settle(choiceOf(handshake) ?? (BROKEN_OFF.includes(code ?? "") ? broken() : "refused")),
      );
    });
    connection.on("error", ({ code = "an error" }: NodeJS.ErrnoException) => {
      // The handshake tells it then.
      if (socket !== undefined) return;
      // What fails before there is a connection says nothing about TLS. A reset can come first.
      if (code === "ECONNRESET") settle("refused");
      else fail(code);
    });
  });
}

function choiceOf(socket: TLSSocket): Choice | undefined {
  // Before a server has chosen, or when it has reset the connection, there is none, whatever the types say.
  const suite = (socket.getCipher() as { readonly name?: string } | null | undefined)?.name;
  if (suite === undefined) return undefined;
  const group = (socket.getEphemeralKeyInfo() as { readonly name?: string } | null)?.name;
  const { authorizationError } = socket;
  return {
    suite,
    group,
    certificate: socket.getPeerX509Certificate()?.raw,
    mistrust: authorizationError ? String(authorizationError) : undefined,
  };
}
