import { type Server as HttpServer, Server as PlainServer } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import { Server as HttpsServer } from "node:https";
import { Server as NetServer } from "node:net";
import { Server as TlsServer } from "node:tls";

/** A server of `node:http`, `node:https` or `node:http2`, as `app.listen()` and the `create…Server` functions give it. */
export type NodeServer = HttpServer | HttpsServer | Http2Server | Http2SecureServer;

/** What a server speaks. `h2` over TLS may speak HTTP/1 as well (`allowHTTP1`). */
export interface Protocol {
  readonly secure: boolean;
  readonly http2: boolean;
}

/** What the server speaks, or `undefined` when the value is none of Node's servers. */
export function protocolOf(value: unknown): Protocol | undefined {
  if (value instanceof HttpsServer) return { secure: true, http2: false };
  if (value instanceof PlainServer) return { secure: false, http2: false };
  // The classes of HTTP/2 are not exported; no other server has settings that can be updated.
  if (value instanceof NetServer && "updateSettings" in value) {
    return { secure: value instanceof TlsServer, http2: true };
  }
  return undefined;
}

/** Whether the server speaks HTTP/1. One for HTTP/2 over TLS does with `allowHTTP1`. */
export function speaksHttp1(server: NodeServer): boolean {
  return protocolOf(server)?.http2 !== true || "headersTimeout" in server;
}
