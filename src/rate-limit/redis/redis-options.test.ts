import { EventEmitter } from "node:events";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { describe, expect, it, vi } from "vitest";
import { OptionsError } from "../../core/options/options-error.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const request: RateLimitRequest = {
  policy: "client",
  key: "192.0.2.1",
  algorithm: "token-bucket",
  limit: 5,
  windowMs: 60_000,
  burst: 5,
  cost: 1,
};
const none = () => undefined;
const ioredis = { status: "ready", evalsha: none, eval: none, connect: none, on: none };
const nodeRedis = { isOpen: true, evalSha: none, eval: none, on: none };

/** What is given in place of a client, and what to write. */
const MISTAKES: readonly (readonly [what: string, given: unknown, says: string])[] = [
  ["nothing", undefined, "got undefined: write redisStore(new Redis(url))"],
  [
    "a URL",
    "redis://:secret-password@127.0.0.1",
    "got a string of 34 characters: write redisStore",
  ],
  ["options", { host: "127.0.0.1", port: 6379 }, "got an object: write redisStore(new Redis(url))"],
  ["a class", class Redis {}, "got a function: write redisStore(new Redis(url))"],
  ["a client that connects", Promise.resolve(nodeRedis), "got a promise: await it"],
  [
    "a limiter",
    new RateLimiterMemory({ points: 1, duration: 1 }),
    "write fromRateLimiterFlexible(limiter)",
  ],
  ["a store of express-rate-limit", { increment: none, decrement: none }, "give the client that"],
  ["a store", redisStore(ioredis as never), "it is a store already"],
  ["redis 3", { evalsha: none, eval: none, on: none, connected: true }, "from version 4 on"],
  ["legacy mode", { ...nodeRedis, options: { legacyMode: true } }, "without legacyMode"],
  ["Valkey GLIDE", { invokeScript: none, customCommand: none }, "Valkey GLIDE is not supported"],
];

describe("redisStore", () => {
  it.each(MISTAKES)("says what to write in place of %s", (_what, given, says) => {
    const problems = problemsOf(() => redisStore(given as never));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^redisStore must get a client of ioredis, iovalkey or redis, got /,
    );
    expect(problems[0]).toContain(says);
    expect(problems[0]).not.toContain("secret");
  });

  it.each([
    ["a brace", "a{b}"],
    ["a line end", "a\nb"],
    ["an umlaut", "ü"],
    ["too much", "x".repeat(65)],
    ["nothing", ""],
    ["an unset variable", "undefined:app"],
  ])("refuses a prefix with %s, and names all problems at once", (_what, prefix) => {
    const problems = problemsOf(() => redisStore("client" as never, { prefix }));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^redisStore\.prefix must be /);
  });

  it("wakes up a client that connects when it is asked, once it is asked", () => {
    for (const connect of [
      vi.fn(() => Promise.reject(new Error("refused"))),
      vi.fn(() => {
        throw new Error("already connecting");
      }),
    ]) {
      const store = redisStore({ ...ioredis, status: "wait", connect });
      expect(connect).not.toHaveBeenCalled();
      expect(store.isReady?.()).toBe(false);
      expect(connect).toHaveBeenCalledOnce();
    }
  });

  it("asks nothing of a client that is not connected", async () => {
    const evalsha = vi.fn();
    for (const client of [
      { ...ioredis, status: "reconnecting", evalsha },
      { ...nodeRedis, isReady: false, evalSha: evalsha },
      { ...nodeRedis, isOpen: false, evalSha: evalsha },
    ]) {
      await expect(redisStore(client).consume([request])).rejects.toThrow("not connected");
    }
    expect(evalsha).not.toHaveBeenCalled();
  });

  it("warns once of a client of node-redis that nobody has connected", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const forgotten = redisStore({ ...nodeRedis, isOpen: false });
    const connecting = redisStore({ ...nodeRedis, isReady: false } as typeof nodeRedis);
    for (let n = 0; n < 2; n += 1) {
      expect(forgotten.isReady?.()).toBe(false);
      expect(connecting.isReady?.()).toBe(false);
    }
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining("await client.connect()"), expect.anything()],
    ]);
    warn.mockRestore();
  });

  it("keeps a lost connection of node-redis from ending the process", () => {
    const client = Object.assign(new EventEmitter(), { ...nodeRedis });
    Object.assign(client, { on: EventEmitter.prototype.on });
    redisStore(client);
    expect(() => client.emit("error", new Error("closed"))).not.toThrow();
  });

  it("listens to a client once, however many stores have it", () => {
    const client = Object.assign(new EventEmitter(), ioredis, { on: EventEmitter.prototype.on });
    for (let n = 0; n < 20; n += 1) redisStore(client, { prefix: `app${n}` });
    expect(client.listenerCount("close")).toBe(1);
  });

  it.each([
    ["another form", "done"],
    ["too much", "1 4 0 60 0 0 -;1 4 0 60 0 0 -;"],
    ["nothing", null],
    ["half of it", "1 4 0 60 0 0 -"],
    ["too few words", "1 4 0;"],
  ])("rejects an answer with %s", async (_what, answer) => {
    const store = redisStore({ ...ioredis, evalsha: async () => answer });
    await expect(store.consume([request])).rejects.toThrow(TypeError);
  });

  it("reads the answer of clients that hand out bytes", async () => {
    const evalsha = async () => Buffer.from("1 4 0 60 0 0 a,b;");
    const [answer] = await redisStore({ ...ioredis, evalsha }).consume([request]);
    expect(answer).toEqual({
      allowed: true,
      remaining: 4,
      retryAfterMs: 0,
      resetMs: 60,
      delayMs: 0,
      blocked: false,
      receipt: "a,b",
    });
  });
});

function problemsOf(create: () => unknown): readonly string[] {
  try {
    create();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  throw new Error("nothing was wrong");
}
