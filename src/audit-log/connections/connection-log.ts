import { Server } from "node:net";
import { addressNetwork } from "../../core/http/client-address.js";
import { OptionsError } from "../../core/options/options-error.js";
import { assertNoMiddleware } from "../../core/options/uncalled-factory.js";
import { describeValue } from "../../core/options/value.js";
import type { MakeRecord } from "../chain/record-stream.js";
import { RepeatCounter } from "../repeats/repeat-counter.js";
import {
  addressOf,
  type ConnectionEvent,
  connectionBelow,
  connectionEvent,
  connectionOf,
} from "./connection-event.js";
import type { ConnectionRecord } from "./connection-record.js";
import { CutSessions } from "./cut-sessions.js";
import { listenIn } from "./server-events.js";

const CALL = "audit.attachServer(app.listen(3000))";
/** One customer usually holds a whole network of this size (RFC 6177 §2). */
const IPV6_PREFIX = 64;

/** Records what happens on the connections of servers and never reaches a middleware. */
export class ConnectionLog {
  readonly #record: ConnectionRecord;
  readonly #write: (make: MakeRecord) => void;
  readonly #observe: (event: string, address: string | undefined) => void;
  readonly #counter: RepeatCounter<ConnectionEvent>;
  readonly #attached = new Map<Server, () => void>();
  #closed = false;

  /** @param observe - Is shown each event, in front of its record. Must not throw. */
  constructor(
    record: ConnectionRecord,
    write: (make: MakeRecord) => void,
    observe: (event: string, address: string | undefined) => void,
  ) {
    this.#record = record;
    this.#write = write;
    this.#observe = observe;
    this.#counter = new RepeatCounter((repeats) =>
      write((recordId) => record({ recordId, what: repeats.what, repeats })),
    );
  }

  /** @throws OptionsError when it is no server of Node. */
  attach(server: unknown): void {
    assertNoMiddleware("auditLog.attachServer", server, CALL);
    if (!(server instanceof Server)) {
      const got =
        typeof server === "function" ? "an app or another function" : describeValue(server);
      throw new OptionsError([
        `auditLog.attachServer must be given a server of node:http, node:https or node:http2, got ${got}: write ${CALL}`,
      ]);
    }
    if (this.#closed || this.#attached.has(server)) return;
    // Node tells of each further chunk on a connection that is broken already.
    const told = new WeakSet<object>();
    // A connection that is gone does not tell where it came from, unless it was asked before.
    const addresses = new WeakMap<object, string | undefined>();
    const cut = new CutSessions();
    const detach = listenIn(server, (name, args) => {
      if (name === "connection" || name === "session") {
        addresses.set(args[0] as object, addressOf(args[0]));
        return;
      }
      if (name === "stream") {
        cut.watch(args[0]);
        return;
      }
      const connection = connectionOf(name, args);
      if (connection !== undefined && told.has(connection)) return;
      const event = connectionEvent(name, args);
      if (event === undefined) return;
      if (connection === undefined) {
        this.#tell(event);
        return;
      }
      told.add(connection);
      // The records of the requests say it.
      if (event.event.name === "connection_lost" && cut.has(connection)) return;
      const below = connectionBelow(connection) ?? connection;
      const known = addresses.get(connection) ?? addresses.get(below);
      this.#tell({ ...event, address: event.address ?? known });
    });
    this.#attached.set(server, detach);
  }

  /** Leaves the servers, and writes what was counted. */
  close(): void {
    this.#closed = true;
    for (const detach of this.#attached.values()) detach();
    this.#attached.clear();
    this.#counter.flush();
  }

  #tell(what: ConnectionEvent): void {
    const { event, reason = "", systemCode = "", upgrade, address = "" } = what;
    const network = address === "" ? "" : addressNetwork(address, IPV6_PREFIX);
    const shared = [event.name, reason];
    const common = { ...what, upgrade: undefined, systemCode: undefined, address: undefined };
    this.#observe(event.name, what.address);
    const counted = this.#counter.count({
      key: [...shared, systemCode, upgrade?.protocol, network].join("\n"),
      what: () => ({ ...what, upgrade: undefined, address: network === "" ? undefined : network }),
      sharedKey: shared.join("\n"),
      sharedWhat: () => common,
      at: Date.now(),
    });
    if (counted) return;
    this.#write((recordId) => this.#record({ recordId, what, repeats: undefined }));
  }
}
