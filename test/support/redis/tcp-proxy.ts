import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire between a client and a server that a test can cut. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
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
    await proxy.accept();
    return proxy;
  }

  get port(): number {
    return this.#port;
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

  /** Cuts all connections, and lets nobody connect again until `accept()`: some clients need less than a millisecond. */
  refuse(): void {
    this.#server.close();
    this.cut();
  }

  /** Lets clients connect, to the same port as before. */
  async accept(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.refuse();
  }
}
