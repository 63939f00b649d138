import type { IncomingMessage, Server } from "node:http";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";

/** What a client saw of a connection. */
export interface Handshake {
  readonly protocol: string | null;
  readonly cipher: string;
  /** SHA-256 of the server's certificate. */
  readonly fingerprint256: string;
  readonly resumed: boolean;
  /** The first byte that the server sent after the handshake, if the client waited for one. */
  readonly session: Buffer | undefined;
}

/** Listens on a free port of this machine. */
export async function listen(server: Pick<Server, "listen" | "address">): Promise<number> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

/** Ends a server and what is connected to it. */
export async function end(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((done) => server.close(() => done()));
}

/**
 * One connection with one request for `/`. Rejects when the handshake fails: with TLS 1.3 a refused client certificate
 * shows only after it.
 */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<Handshake> {
  let session: Buffer | undefined;
  const socket: TLSSocket = connect({
    host: "127.0.0.1",
    port,
    servername: "localhost",
    rejectUnauthorized: false,
    ...options,
  });
  try {
    socket.on("session", (one: Buffer) => {
      session = one;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject).once("close", () => reject(new Error("closed")));
      socket.once("data", () => resolve());
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    return {
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().name,
      fingerprint256: socket.getPeerCertificate().fingerprint256,
      resumed: socket.isSessionReused(),
      session,
    };
  } finally {
    socket.destroy();
  }
}

/** Gets a path over TLS and reads the answer. */
export async function get(
  port: number,
  options: ConnectionOptions & { readonly headers?: object } = {},
): Promise<{
  readonly status: number | undefined;
  readonly body: string;
  readonly res: IncomingMessage;
}> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    request(
      {
        host: "127.0.0.1",
        port,
        servername: "localhost",
        rejectUnauthorized: false,
        agent: false,
        ...(options as object),
      },
      resolve,
    )
      .on("error", reject)
      .end();
  });
  return { status: res.statusCode, body: await text(res), res };
}

/** A port on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server as never);
  await new Promise((done) => server.close(done));
  return port;
}
