import { createHash, randomBytes } from "node:crypto";
import { promiseOf } from "../../core/calls/follow.js";
import {
  type Argument,
  type RedisClient,
  type ScriptClient,
  scriptClientOf,
} from "./redis-client.js";
import { LUA_SCRIPT } from "./script/lua-script.js";

/** The name under which a server keeps the script: no secret depends on it. */
const SHA = createHash("sha1").update(LUA_SCRIPT).digest("hex");

/** One for each client, whatever the number of stores: each one listens to its client. */
const runners = new WeakMap<RedisClient, ScriptRunner>();

/** Runs the script on one client. */
export class ScriptRunner {
  readonly #client: ScriptClient;
  readonly #idPrefix = `${randomBytes(9).toString("base64url")}-`;
  #calls = 0;
  #firstTime = Buffer.from("1");

  /** The runner of this client. */
  static of(client: RedisClient): ScriptRunner {
    const known = runners.get(client);
    if (known !== undefined) return known;
    const runner = new ScriptRunner(scriptClientOf(client));
    runners.set(client, runner);
    return runner;
  }

  private constructor(client: ScriptClient) {
    this.#client = client;
    // ioredis sends what it has no answer to once more, however late, when it is connected again: requests would be
    // charged twice. It writes the arguments anew, so they can say then what they are, and the script leaves them alone.
    client.onDisconnect(() => {
      this.#firstTime.write("0");
      this.#firstTime = Buffer.from("1");
    });
  }

  get isCluster(): boolean {
    return this.#client.isCluster;
  }

  isReady(): boolean {
    return this.#client.isReady();
  }

  /**
   * One round trip, or two when the server does not know the script yet.
   *
   * @throws (as the rejection of the promise) what the client rejects with, and at once while it is not connected.
   */
  async run(operation: string, keys: readonly string[], args: readonly string[]): Promise<string> {
    if (!this.isReady()) throw new Error("the Redis client is not connected");
    this.#calls += 1;
    const id = this.#idPrefix + this.#calls.toString(36);
    const all: readonly Argument[] = [operation, this.#firstTime, id, ...args];
    const reply = String(await this.#send(keys, all));
    if (reply === "replayed") throw new Error("the Redis client lost its connection");
    return reply;
  }

  async #send(keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    try {
      return await promiseOf(this.#client.evalsha(SHA, keys, args));
    } catch (error) {
      // Nothing ran. All else may have run, and is not sent again.
      if (!hasCode(error, "NOSCRIPT")) throw error;
      return await promiseOf(this.#client.eval(LUA_SCRIPT, keys, args));
    }
  }
}

/** Whether the server refused the command with this code, the first word of its message. */
export function hasCode(error: unknown, code: string): boolean {
  const message: unknown = (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === "string" && message.startsWith(`${code} `);
}
