import type { Server } from "node:net";

/** Is told of an event of the server, in front of its listeners. */
export type OnServerEvent = (event: string | symbol, args: readonly unknown[]) => void;

type Emit = Server["emit"];

/**
 * Listens in on the events of a server without a listener. Node asks how many listeners `clientError`, `tlsClientError`,
 * `drop` and the like have, and answers or closes the connection itself when nobody listens: with a listener of ours it
 * would not, and the app's own ones would not know that they are alone.
 *
 * @param tell - Whatever it throws is dropped: nothing may come between a server and its requests.
 * @returns What ends it.
 */
export function listenIn(server: Server, tell: OnServerEvent): () => void {
  const own = Object.getOwnPropertyDescriptor(server, "emit");
  const original: Emit = server.emit;
  let listening = true;
  const emit = function emit(this: unknown, ...args: unknown[]): boolean {
    const [event, ...rest] = args as [string | symbol, ...unknown[]];
    if (listening && event !== "request") {
      try {
        tell(event, rest);
      } catch {
        // A property of a connection that is gone.
      }
    }
    return Reflect.apply(original, this, args) as boolean;
  };
  Object.defineProperty(server, "emit", { value: emit, configurable: true, writable: true });
  return () => {
    listening = false;
    // Whoever wrapped it meanwhile keeps it, and it only passes events on.
    if ((server.emit as unknown) !== emit) return;
    if (own === undefined) Reflect.deleteProperty(server, "emit");
    else Object.defineProperty(server, "emit", own);
  };
}
