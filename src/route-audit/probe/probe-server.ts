import { createServer, type RequestListener, type Server, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { followProbe, type ProbeRequest } from "./probe-watch.js";

/** One request to send. */
export interface Shot {
  readonly method: string;
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: string;
}

const HEADER = "x-express-secure-api-probe";
const DEADLINE_MS = 5000;
const LEAST_DEADLINE_MS = 50;
/** So many requests in a row without an answer halve the time that the next ones get: an app may answer none at all. */
const HALVED_AFTER = 16;
const ADDRESSES = 256;

/** Serves an app on a free port of this machine, for the requests of a probe only. */
export class ProbeServer {
  readonly #server: Server;
  readonly #sent = new Map<string, ProbeRequest>();
  #count = 0;
  #unanswered = 0;

  constructor(app: RequestListener) {
    this.#server = createServer((req, res) => {
      const id = String(req.headers[HEADER]);
      const request = this.#sent.get(id);
      if (request === undefined) {
        // Somebody else has found the port: the handlers must not run.
        res.writeHead(403).end();
        return;
      }
      delete req.headers[HEADER];
      disguise(req.socket, Number(id));
      followProbe(req, request);
      app(req, res);
    });
  }

  /** Begins to listen. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
  }

  /** @returns The status, or `undefined` when no answer came in time. */
  async send({ method, url, body }: Shot, request: ProbeRequest): Promise<number | undefined> {
    this.#count += 1;
    const id = String(this.#count);
    this.#sent.set(id, request);
    const { port } = this.#server.address() as AddressInfo;
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const timeout = deadlineAfter(this.#unanswered);
    try {
      const status = await new Promise<number | undefined>((resolve) => {
        const sent = sendRequest(
          {
            host: "127.0.0.1",
            port,
            method,
            path: url,
            headers: { ...type, [HEADER]: id },
            // A connection of its own: an answer that was cut off must not take another request with it.
            agent: false,
            timeout,
          },
          (answer) => {
            resolve(answer.statusCode);
            answer.on("error", () => undefined).destroy();
          },
        );
        sent.on("timeout", () => sent.destroy());
        sent.on("error", () => resolve(undefined));
        sent.end(body);
      });
      this.#unanswered = status === undefined ? this.#unanswered + 1 : 0;
      return status;
    } finally {
      this.#sent.delete(id);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

/**
 * How many milliseconds the next request gets for its answer.
 *
 * @param unanswered - How many in a row had none.
 */
export function deadlineAfter(unanswered: number): number {
  const halved = DEADLINE_MS / 2 ** Math.floor(unanswered / HALVED_AFTER);
  return Math.max(LEAST_DEADLINE_MS, Math.ceil(halved));
}

/**
 * Each request seems to come over TLS from an address of its own: else a limit by address, or a redirect to `https`,
 * would refuse what no guard has seen.
 */
function disguise(socket: object, count: number): void {
  const parts = [Math.floor(count / ADDRESSES ** 2), Math.floor(count / ADDRESSES), count];
  const address = `127.${parts.map((part) => part % ADDRESSES).join(".")}`;
  Object.defineProperty(socket, "remoteAddress", { value: address, configurable: true });
  Object.defineProperty(socket, "encrypted", { value: true, configurable: true });
}
