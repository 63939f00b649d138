import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import { withinDeadline } from "../../../test/support/redis/within-deadline.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient } from "../stores/store-client.js";
import { redisStore } from "./redis-store.js";

const DEADLINE_MS = 75;
/** A deadline that only what is lost does not keep. */
const LONG_DEADLINE_MS = 5000;
const request: RateLimitRequest = {
  policy: "client",
  key: "192.0.2.1",
  algorithm: "token-bucket",
  limit: 1_000_000,
  windowMs: 3_600_000,
  burst: 1_000_000,
  cost: 1,
};
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", noteUnhandled);
process.on("uncaughtException", noteUnhandled);

/** Each outage: how it begins, whether the server then answers with an error or not at all, and how it ends. */
const OUTAGES: Readonly<Record<string, Outage>> = {
  "a killed server": {
    begin: (server) => server.signal("SIGKILL"),
    end: (server) => server.start(),
  },
  "a server that hangs": {
    begin: (server) => server.signal("SIGSTOP"),
    end: (server) => server.signal("SIGCONT"),
  },
  "a paused server": {
    begin: (server) => server.command("CLIENT", "PAUSE", "2000"),
    // It goes on by itself: a paused server answers nobody.
    end: async () => {},
  },
  "a server without memory": {
    begin: (server) => server.command("CONFIG", "SET", "maxmemory", "1"),
    end: (server) => server.command("CONFIG", "SET", "maxmemory", "0"),
  },
  "a replica that takes no writes": {
    begin: (server) => server.command("REPLICAOF", "127.0.0.1", "1"),
    end: (server) => server.command("REPLICAOF", "NO", "ONE"),
  },
};

interface Outage {
  begin(server: RedisServer): Promise<unknown>;
  end(server: RedisServer): Promise<unknown>;
}

afterAll(() => {
  process.off("unhandledRejection", noteUnhandled);
  process.off("uncaughtException", noteUnhandled);
});

describe.skipIf(withoutRedis).each(Object.entries(CLIENTS))("redisStore with %s", (kind, open) => {
  let server: RedisServer;
  let opened: TestClient;
  let client: StoreClient;

  beforeEach(async () => {
    server = await RedisServer.start();
    opened = await open(server.port);
    client = new StoreClient(redisStore(opened.client), DEADLINE_MS, ["test"]);
    // The first one may need more than the deadline on a busy machine: nothing is compiled yet.
    await vi.waitUntil(async () => !((await ask()) instanceof Error));
  });
  afterEach(async () => {
    await opened?.close();
    await server?.stop();
    expect(unhandled).toEqual([]);
  });

  function ask(one: Partial<RateLimitRequest> = {}): Promise<StoreAnswer> {
    return new Promise((resolve) => client.ask([{ ...request, ...one }], resolve));
  }

  /** Asks at a steady pace until told to stop. */
  function load() {
    const waiting: Promise<void>[] = [];
    const counts = { failed: 0, answered: 0, late: 0 };
    const timer = setInterval(() => {
      const asked = withinDeadline(ask(), DEADLINE_MS);
      waiting.push(
        asked.then(({ answer, isLate }) => {
          counts[answer instanceof Error ? "failed" : "answered"] += 1;
          if (isLate) counts.late += 1;
        }),
      );
    }, 4);
    const stop = async () => {
      clearInterval(timer);
      await Promise.all(waiting);
      return counts;
    };
    return { counts, stop };
  }

  // The newest of both kinds have each outage, their forebears the one that shows how they reconnect.
  const outages = kind.endsWith("6") ? OUTAGES : { "a killed server": OUTAGES["a killed server"] };
  it.each(Object.entries(outages) as [string, Outage][])(
    "lets nobody wait for %s, and comes back",
    async (_name, outage) => {
      const { counts, stop } = load();
      await vi.waitUntil(async () => Number((await server.command("DBSIZE"))[0]) > 0);
      await outage.begin(server);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await vi.waitUntil(() => counts.failed > 20);
      expect((await stop()).late).toBe(0);
      await outage.end(server);
      // One probe a second.
      await vi.waitUntil(async () => !((await ask()) instanceof Error), { interval: 20 });
      await vi.waitFor(async () => {
        const after = load();
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(await after.stop()).toMatchObject({ failed: 0 });
      });
      expect(await server.eternalKeys()).toEqual([]);
    },
  );

  it("goes on after SCRIPT FLUSH and FLUSHALL under load", async () => {
    client = new StoreClient(redisStore(opened.client), LONG_DEADLINE_MS, ["test"]);
    const { counts, stop } = load();
    for (const command of ["SCRIPT FLUSH", "FLUSHALL", "SCRIPT FLUSH"]) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await server.command(...command.split(" "));
    }
    await vi.waitUntil(() => counts.failed > 0 || counts.answered > 20);
    expect((await stop()).failed).toBe(0);
    expect(await server.eternalKeys()).toEqual([]);
  });

  it("takes an answer that came in time while the process was busy", async () => {
    for (let round = 0; round < 5; round += 1) {
      const answers = Promise.all(Array.from({ length: 20 }, () => ask()));
      // What was asked is sent first.
      await new Promise((resolve) => setImmediate(resolve));
      const from = performance.now();
      while (performance.now() - from < 2 * DEADLINE_MS);
      // It answers this one last, so the others have been answered, and nobody has read that.
      execFileSync("redis-cli", ["-p", String(server.port), "PING"]);
      expect((await answers).filter((answer) => answer instanceof Error)).toEqual([]);
    }
  });

  it("leaves a key alone that holds something else, and counts the others", async () => {
    await server.command("HSET", "rate-limit:{other}:client:bucket", "field", "value");
    expect(await ask({ key: "other" })).toBeInstanceOf(Error);
    expect(await ask()).not.toBeInstanceOf(Error);
    expect(await server.command("TYPE", "rate-limit:{other}:client:bucket")).toEqual(["hash"]);
    await server.command("SET", "rate-limit:{text}:client:bucket", "some text");
    expect(await ask({ key: "text" })).toBeInstanceOf(Error);
    expect(await server.command("GET", "rate-limit:{text}:client:bucket")).toEqual(["some text"]);
  });
});
