import {
  connect,
  createServer,
  type Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Express } from "express";

/** An answer over HTTP/2. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * Serves an app over HTTP/2, without encryption unless `create` does otherwise. Express gives requests and responses the prototypes of HTTP/1, whose
 * getters do not work on those of HTTP/2; here they get prototypes with the methods of both.
 */
export function http2Server(app: Express): Http2Server;
export function http2Server<S>(app: Express, create: (app: never) => S): S;
export function http2Server(app: Express, create: (app: never) => unknown = createServer): unknown {
  for (const [name, base] of [
    ["request", Http2ServerRequest.prototype],
    ["response", Http2ServerResponse.prototype],
  ] as const) {
    const own = Object.getOwnPropertyDescriptors(app[name]);
    const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(app[name]));
    Object.defineProperty(app, name, { value: Object.create(base, { ...methods, ...own }) });
  }
  return create(app as never);
}

/** Sends one request; `body` in the pieces that it has, `undefined` for a request without content. */
export async function http2Request(
  server: Http2Server,
  headers: OutgoingHttpHeaders,
  body?: readonly string[],
): Promise<Http2Answer> {
  if (!server.listening) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const stream = session.request(headers, { endStream: body === undefined });
    const answered = new Promise<IncomingHttpHeaders & { ":status"?: number }>(
      (resolve, reject) => {
        stream.on("response", resolve).on("error", reject);
      },
    );
    for (const piece of body ?? []) stream.write(piece);
    if (body !== undefined) stream.end();
    const answer = await answered;
    return { status: answer[":status"] ?? 0, headers: answer, body: await text(stream) };
  } finally {
    session.close();
  }
}
