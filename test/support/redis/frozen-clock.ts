import { createRequire } from "node:module";
import type { RedisClient } from "../../../src/rate-limit/redis/redis-client.js";
import { LUA_SCRIPT } from "../../../src/rate-limit/redis/script/lua-script.js";

const require = createRequire(__filename);

/** The script with the clock that a test sets, and with keys that stay until the test is over. */
const SCRIPT = replaced([
  ["call('TIME')", "{call('GET', 'seconds'), call('GET', 'micros')}"],
  ["'PX', min(max(ceil(ms), 1), 1e14)", "'PX', '3600000'"],
  ["call('PEXPIRE', r.key, whole(r.span))", "call('PEXPIRE', r.key, '3600000')"],
  ["whole(ceil((r.latest - micros) / 1000)))", "'3600000')"],
]);

/** A client whose server has a clock that only the test moves. */
export interface FrozenClient {
  readonly client: RedisClient;
  /** Sets the clock, in microseconds. */
  setTime(micros: number): Promise<void>;
  flush(): Promise<void>;
  close(): void;
}

export function frozenClient(port: number): FrozenClient {
  const { Redis } = require("ioredis");
  const real = new Redis(port, "127.0.0.1");
  const run = (_script: string, ...rest: unknown[]) => real.eval(SCRIPT, ...rest);
  const client = { status: "ready", evalsha: run, eval: run, connect() {}, on() {} };
  return {
    client,
    setTime: async (micros) => {
      const seconds = Math.floor(micros / 1_000_000);
      await real.mset("seconds", String(seconds), "micros", String(micros % 1_000_000));
    },
    flush: async () => void (await real.flushall()),
    close: () => real.disconnect(),
  };
}

function replaced(pairs: readonly (readonly [string, string])[]): string {
  let script = LUA_SCRIPT;
  for (const [from, to] of pairs) {
    if (!script.includes(from)) throw new Error(`the script has no longer: ${from}`);
    script = script.replace(from, to);
  }
  return script;
}
