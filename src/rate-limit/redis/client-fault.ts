import { describeValue } from "../../core/options/value.js";

const WRITE = "write redisStore(new Redis(url)) with ioredis, or redisStore(client) with";
const CREATE = `${WRITE} const client = createClient({ url }) of redis and await client.connect()`;

/** What is wrong with something that is no client of Redis: the rest of a sentence. */
export function clientFault(value: unknown): string {
  return `must get a client of ioredis, iovalkey or redis, got ${describeValue(value)}: ${fixFor(value)}`;
}

function fixFor(value: unknown): string {
  if (value instanceof Promise) return "await it: redisStore(await client.connect())";
  if (typeof value !== "object" || value === null) return CREATE;
  if (has(value, "consume") && "points" in value) {
    return "to count in a limiter of rate-limiter-flexible write fromRateLimiterFlexible(limiter)";
  }
  if (has(value, "consume")) return "it is a store already: write store: …";
  if (has(value, "increment")) {
    return "a store of express-rate-limit has other methods, give the client that it uses";
  }
  if (has(value, "evalSha")) return "create the client without legacyMode";
  if (has(value, "evalsha")) return "the package redis is supported from version 4 on";
  if (has(value, "invokeScript")) return "Valkey GLIDE is not supported";
  return CREATE;
}

function has(value: object, name: string): boolean {
  return typeof (value as Record<string, unknown>)[name] === "function";
}
