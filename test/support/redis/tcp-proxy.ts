import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a client and a server that a test can cut. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #silent = false;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      this.#sockets.add(near);
      near.on("data", (data) => far.write(data));
      far.on("data", (data) => {
        if (!this.#silent) near.write(data);
      });
      for (const socket of [near, far]) socket.on("error", () => {});
      near.once("close", () => far.destroySoon());
      far.once("close", () => near.destroy());
    });
  }

  static async to(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** From now on the server gets everything, and the client no answer. */
  swallowAnswers(): void {
    this.#silent = true;
  }

  /** Cuts all connections; new ones work again. */
  cut(): void {
    this.#silent = false;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
