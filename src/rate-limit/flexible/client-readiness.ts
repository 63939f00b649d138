import type { FlexibleLimiter } from "./flexible-limiter.js";

/**
 * Whether the clients of the limiters have a connection, as far as they say so. A client of Redis without one queues what it is
 * told, and counts it when it is back, long after the request was answered.
 */
export function areClientsReady(limiters: Iterable<FlexibleLimiter>): boolean {
  for (const limiter of limiters) {
    const { client } = limiter as { client?: unknown };
    if (typeof client === "object" && client !== null && !isClientReady(client)) return false;
  }
  return true;
}

function isClientReady(client: object): boolean {
  const { status, isReady, duplicate } = client as Record<string, unknown>;
  // Other clients than those of Redis use these names for other things.
  if (typeof duplicate !== "function") return true;
  // ioredis, which with `lazyConnect` connects when it is asked: "wait".
  if (typeof status === "string") return status === "ready" || status === "wait";
  // The package redis, 4 and later.
  return typeof isReady === "boolean" ? isReady : true;
}
