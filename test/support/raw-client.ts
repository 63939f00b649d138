import { connect, type Socket } from "node:net";

/** A client that writes bytes as they are. */
export interface RawClient {
  readonly socket: Socket;
  /** All that came so far. */
  text(): string;
  /** How many bytes came. */
  size(): number;
  /** Waits until what came matches. */
  until(pattern: RegExp): Promise<string>;
  /** Waits until the server has closed the connection, and gives what came. */
  closed(): Promise<string>;
}

/** Connects to a port or a Unix socket and writes `first`. */
export async function rawClient(to: number | string, first = ""): Promise<RawClient> {
  const socket = typeof to === "number" ? connect(to, "127.0.0.1") : connect(to);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return watchSocket(socket, first);
}

/** Watches a socket that is there already, such as one with TLS. */
export function watchSocket(socket: Socket, first = ""): RawClient {
  let size = 0;
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    size += chunk.length;
    // Enough for any head, and no more of a large body.
    if (text.length < 65_536) text += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  if (first !== "") socket.write(first);
  return {
    socket,
    text: () => text,
    size: () => size,
    closed: () => closed,
    until(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(text)) return;
          socket.off("data", look);
          resolve(text);
        };
        socket.on("data", look);
        socket.once("close", () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
        look();
      });
    },
  };
}
