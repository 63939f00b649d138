import type { EventEmitter } from "node:events";
import type { Connections } from "../connections/connections.js";
import type { LimitCounts } from "./limit-counts.js";

/** How full the server may be before idle connections have to go. */
const FULL = 0.9;
/** A client that has just connected is about to ask. */
const MIN_IDLE_MS = 1000;

/**
 * Closes the connection that has been idle longest for each one that comes when nine tenths of `maxConnections` are
 * taken: clients that hold connections and ask for nothing keep nobody out. One whose head is still arriving is idle too.
 *
 * @returns What takes it away again.
 */
export function evictIdle(
  connections: Connections,
  maxConnections: number,
  counts: LimitCounts,
): () => void {
  const emitter: EventEmitter = connections.server;
  const most = Math.max(1, Math.floor(maxConnections * FULL));

  function makeRoom(): void {
    if (connections.sockets.size <= most) return;
    const [carrier] = connections.idle.values();
    if (carrier === undefined || carrier.idleSince > performance.now() - MIN_IDLE_MS) return;
    counts.evicted += 1;
    (carrier.session ?? carrier.socket)?.destroy();
  }

  function countRefused(): void {
    counts.refused += 1;
  }

  emitter.on("connection", makeRoom);
  emitter.on("drop", countRefused);
  return () => {
    emitter.off("connection", makeRoom);
    emitter.off("drop", countRefused);
  };
}
