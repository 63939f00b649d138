import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisServer, withoutRedis } from "../support/redis/redis-server.js";

const ROOT = resolve(__dirname, "../..");
const RUN = ["scripts/example.mjs", "cluster-redis"];

describe.skipIf(withoutRedis)("cluster-redis", { timeout: 90_000 }, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  const run = (url: string) =>
    spawnSync(process.execPath, [...RUN, "--once"], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, REDIS_URL: url },
    });

  it("admits exactly the limit, and exits 0 with --once", async () => {
    const { stdout, stderr, status } = run(server.url);
    expect(stderr).toBe("");
    expect(stdout).toContain("admitted  100\nrefused   900\nexactly the limit\n");
    expect(status).toBe(0);
    expect(await server.eternalKeys()).toEqual([]);
  });

  it("says where it looked for Redis, and exits 1, when there is none", () => {
    const { stderr, status } = run("redis://127.0.0.1:1");
    expect(stderr).toBe("There is no Redis at redis://127.0.0.1:1. Start one, or set REDIS_URL.\n");
    expect(status).toBe(1);
  });

  it("serves until it is told to end, and leaves no process and no connection", async () => {
    const env = { ...process.env, REDIS_URL: server.url };
    const child = spawn(process.execPath, RUN, { cwd: ROOT, env });
    const url = await urlPrintedBy(child);
    expect((await fetch(url)).status).toBe(429);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    const connections = await server.command("CLIENT", "LIST");
    expect(connections.filter((line) => line.includes("ioredis"))).toEqual([]);
  });
});

async function urlPrintedBy(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    const [, url] = /Serving on (\S+) until/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`it ended: ${text}`);
}
