import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";

export function hasRedis() {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** A real server on a free port, which keeps nothing on disk. */
export async function startRedis() {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: "ignore" });
  const admin = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 20 });
  // Until it listens.
  admin.on("error", () => {});
  while (!(await admin.ping().catch(() => false))) await sleep(20);
  return {
    port,
    /** CPU microseconds that the server has used, those of scripts, and the number of scripts. */
    async cost() {
      const cpu = await admin.info("cpu");
      const stats = await admin.info("commandstats");
      let [calls, scripts] = [0, 0];
      for (const [, count, usec] of stats.matchAll(
        /^cmdstat_eval(?:sha)?:calls=(\d+),usec=(\d+)/gm,
      )) {
        calls += Number(count);
        scripts += Number(usec);
      }
      const used = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(cpu)[1]) * 1e6;
      return { total: used("used_cpu_user") + used("used_cpu_sys"), scripts, calls };
    },
    /** It keeps its connections, and answers nothing: only a deadline tells. */
    hang: () => child.kill("SIGSTOP"),
    goOn: () => child.kill("SIGCONT"),
    async stop() {
      admin.disconnect();
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
