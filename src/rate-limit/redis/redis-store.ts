import { isPrintableAscii } from "../../core/http/header-values.js";
import type { Hints } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitRequest, RateLimitStore } from "../stores/rate-limit-store.js";
import { clientFault } from "./client-fault.js";
import { isRedisClient, type RedisClient } from "./redis-client.js";
import { ScriptRunner } from "./script-runner.js";
import { ScriptStore } from "./script-store.js";

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /**
   * What the keys begin with. Apps and environments that share a Redis need different ones, or they share their counts
   * too. At most 64 printable ASCII characters, no braces.
   *
   * @default "rate-limit"
   */
  readonly prefix?: string | undefined;
}

const MOUNTED = "rateLimit({ limit, window, name, store: redisStore(client) })";
const ALGORITHMS: readonly RateLimitAlgorithm[] = Object.freeze([
  "token-bucket",
  "leaky-bucket",
  "sliding-log",
  "fixed-window",
  "concurrency",
]);
const TIMEOUT = "the limiter has the deadline: write storeTimeout beside store";
const CLIENT = "the client is the first argument: redisStore(client)";

/** As rate-limit-redis and rate-limiter-flexible call them. */
export const REDIS_STORE_HINTS: Hints<RedisStoreOptions> = {
  keyPrefix: "prefix",
  timeout: TIMEOUT,
  timeoutMs: TIMEOUT,
  client: CLIENT,
  storeClient: CLIENT,
  redis: CLIENT,
  sendCommand: CLIENT,
  url: CLIENT,
  useRedisPackage: "leave it out, the kind of client is found out",
  resetExpiryOnChange: "leave it out, a refusal prolongs nothing",
};

/**
 * Counts in Redis or Valkey, so that all processes share their limits: all policies of a request in one script, which
 * runs as a whole or not at all, in one round trip and on the clock of the server.
 *
 * In a cluster that holds for the policies that count against the same address, principal or key. Several of those are
 * asked one after the other, the narrowest first, and give back what they charged when a later one refuses: until then,
 * it counts, and another request can be refused that would have passed.
 *
 * The client stays the app's: it is neither connected nor closed here, except that one of ioredis with `lazyConnect` is
 * told to connect. While it is not connected it is asked nothing, so that nothing waits in its queue, and nothing that
 * it sends again after a lost connection is counted twice. `onStoreError` of the limiter says what happens meanwhile.
 *
 * @param client - Of ioredis 5 or later, iovalkey, or the package redis 4 or later: a single one, with Sentinel or of a
 * cluster. The server must be Redis 5 or later, or Valkey.
 * @throws {@link OptionsError} when it is no such client, or an option is wrong.
 */
export function redisStore(client: RedisClient, options?: RedisStoreOptions): RateLimitStore {
  assertNotMounted("redisStore", client, MOUNTED);
  const reader = readOptions<RedisStoreOptions>(
    "redisStore",
    options,
    { prefix: "neverUndefined" },
    REDIS_STORE_HINTS,
  );
  const prefix = reader.string("prefix", { default: "rate-limit" }) ?? "";
  if (prefix.length > 64 || /[{}]/.test(prefix) || !isPrintableAscii(prefix)) {
    reader.problem("prefix", "at most 64 printable ASCII characters without braces");
  }
  if (!isRedisClient(client)) reader.problems.note("redisStore", clientFault(client));
  reader.finish();
  const store = new ScriptStore(ScriptRunner.of(client), prefix);
  return Object.freeze({
    algorithms: ALGORITHMS,
    blocks: true,
    soft: true,
    isReady: () => store.isReady(),
    consume: (requests: readonly RateLimitRequest[]) => store.consume(requests),
    // Without a receipt, units are given by hand.
    refund: (refunds) => store.change("refund", refunds, ({ receipt }) => receipt ?? ""),
    reset: (requests) => store.change("reset", requests),
    block: (requests, durationMs) => store.change("block", requests, () => String(durationMs)),
    charge: (requests) => store.change("charge", requests),
  } satisfies RateLimitStore);
}
