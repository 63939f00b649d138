import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RedisServer } from "./redis-server.js";

const run = promisify(execFile);

/** Three masters of one cluster. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** @param settings - Of each node. */
export async function startRedisCluster(...settings: string[]): Promise<RedisCluster> {
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", ...settings];
  const nodes = await Promise.all([1, 2, 3].map(() => RedisServer.start(...args)));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"]);
  for (const node of nodes) {
    while (!(await node.command("CLUSTER", "INFO")).join().includes("cluster_state:ok")) {
      // It asks again: each question takes a process.
    }
  }
  return { nodes, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
}
