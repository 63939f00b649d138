import { createRequire } from "node:module";
import type { RedisClient } from "../../../src/rate-limit/redis/redis-client.js";

const require = createRequire(__filename);

/** What tests do with a client, whatever kind it is. */
export interface TestClient {
  readonly client: RedisClient;
  close(): Promise<void>;
}

type Open = (port: number) => Promise<TestClient>;
type Any = Record<string, (...args: unknown[]) => unknown>;

/** Clients of each kind with the options that they have by default. The app listens to errors, as their docs ask. */
export const CLIENTS: Readonly<Record<string, Open>> = {
  "ioredis 6": ioredis("ioredis"),
  "ioredis 5": ioredis("ioredis5"),
  iovalkey: ioredis("iovalkey"),
  "redis 6": nodeRedis("redis"),
  "redis 5": nodeRedis("redis5"),
  "redis 4": nodeRedis("redis4"),
};

/** Clusters of both kinds. */
export const CLUSTER_CLIENTS: Readonly<Record<string, Open>> = {
  "ioredis 6": async (port) => {
    const { Cluster } = require("ioredis");
    return opened(new Cluster([{ host: "127.0.0.1", port }]), "ready");
  },
  "ioredis 5": async (port) => {
    const { Cluster } = require("ioredis5");
    return opened(new Cluster([{ host: "127.0.0.1", port }]), "ready");
  },
  "ioredis 6 that pipelines": async (port) => {
    const { Cluster } = require("ioredis");
    const nodes = [{ host: "127.0.0.1", port }];
    return opened(new Cluster(nodes, { enableAutoPipelining: true }), "ready");
  },
  "redis 6": async (port) => nodeRedisCluster("redis", port),
  "redis 4": async (port) => nodeRedisCluster("redis4", port),
};

/** Clients that ask a Sentinel where the master is, which it calls `limits`. */
export const SENTINEL_CLIENTS: Readonly<Record<string, Open>> = {
  "ioredis 6": async (port) => {
    const { Redis } = require("ioredis");
    return opened(new Redis({ sentinels: [{ host: "127.0.0.1", port }], name: "limits" }), "ready");
  },
  "redis 6": async (port) => nodeRedisSentinel("redis", port),
  "redis 5": async (port) => nodeRedisSentinel("redis5", port),
};

function ioredis(name: string): Open {
  return async (port) => {
    const { Redis } = require(name);
    return opened(new Redis(port, "127.0.0.1"), "ready");
  };
}

function nodeRedis(name: string): Open {
  return async (port) => {
    const client = require(name).createClient({ url: `redis://127.0.0.1:${port}` });
    return await connected(client);
  };
}

async function nodeRedisCluster(name: string, port: number): Promise<TestClient> {
  const rootNodes = [{ url: `redis://127.0.0.1:${port}` }];
  return await connected(require(name).createCluster({ rootNodes }));
}

async function nodeRedisSentinel(name: string, port: number): Promise<TestClient> {
  const sentinelRootNodes = [{ host: "127.0.0.1", port }];
  return await connected(require(name).createSentinel({ name: "limits", sentinelRootNodes }));
}

async function opened(client: unknown, event: string): Promise<TestClient> {
  const { on, once, disconnect } = client as Any;
  on?.call(client, "error", () => {});
  if ((client as { status?: string }).status !== event) {
    await new Promise((resolve) => once?.call(client, event, resolve));
  }
  return { client: client as RedisClient, close: async () => void disconnect?.call(client) };
}

async function connected(client: unknown): Promise<TestClient> {
  const { on, connect, destroy, disconnect } = client as Any;
  on?.call(client, "error", () => {});
  await connect?.call(client);
  return {
    client: client as RedisClient,
    close: async () => void (await (destroy ?? disconnect)?.call(client)),
  };
}
