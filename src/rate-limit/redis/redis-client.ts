import { ignoreOutcome } from "../../core/calls/follow.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";

/** What is used of a client of ioredis or iovalkey: a single one, one that follows Sentinel, or a Cluster. */
interface IoredisClient {
  readonly status: string;
  readonly isCluster?: boolean | undefined;
  evalsha(...args: never[]): unknown;
  eval(...args: never[]): unknown;
  connect(...args: never[]): unknown;
  on(...args: never[]): unknown;
}

/** What is used of a client, pool, Sentinel or cluster of node-redis (the package `redis`), version 4 and later. */
interface NodeRedisClient {
  readonly isOpen: boolean;
  evalSha(...args: never[]): unknown;
  eval(...args: never[]): unknown;
  on(...args: never[]): unknown;
}

/** A client of Redis or Valkey, made and connected by the app. */
export type RedisClient = IoredisClient | NodeRedisClient;

/** An argument of a command. Bytes may change until it is written. */
export type Argument = string | Buffer;

/** What both kinds of clients can do for a script, in one form. */
export interface ScriptClient {
  /** Whether keys of one script must have one hash tag. */
  readonly isCluster: boolean;
  /** Whether a command would be sent at once. */
  isReady(): boolean;
  evalsha(sha: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  eval(script: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Calls back when a connection is lost, before the client sends again what it has no answer to. */
  onDisconnect(callback: () => void): void;
}

type Method = (...args: unknown[]) => unknown;
type Emitter = { on: Method; listenerCount?: Method };

/** It is told by what it can do: copies, subclasses and bundlers change names. */
export function isRedisClient(value: unknown): value is RedisClient {
  return isIoredis(value) || isNodeRedis(value);
}

/** The client in the one form that the store needs. */
export function scriptClientOf(client: RedisClient): ScriptClient {
  return isIoredis(client) ? fromIoredis(client) : fromNodeRedis(client as NodeRedisClient);
}

function isIoredis(value: unknown): value is IoredisClient {
  return has(value, "evalsha", "eval", "on", "connect") && typeof value["status"] === "string";
}

function isNodeRedis(value: unknown): value is NodeRedisClient {
  if (!has(value, "evalSha", "eval", "on") || typeof value["isOpen"] !== "boolean") return false;
  // In the legacy mode of version 4 methods have callbacks, and give no promises.
  return (value["options"] as { legacyMode?: unknown } | undefined)?.legacyMode !== true;
}

function fromIoredis(client: IoredisClient): ScriptClient {
  const { evalsha, eval: evaluate } = client as unknown as Record<"evalsha" | "eval", Method>;
  const call = (method: Method, text: string, keys: readonly string[], args: readonly Argument[]) =>
    method.call(client, text, keys.length, ...keys, ...args) as Promise<unknown>;
  // Connections that a request begins would keep its context alive for as long as they last.
  const outside = new OutsideScope("ExpressSecureApiRedisStore");
  return {
    isCluster: client.isCluster === true,
    isReady: () => {
      // With `lazyConnect` it connects at the first command, and none is given to a client that is not connected.
      if (client.status === "wait") outside.runInAsyncScope(connect, undefined, client);
      return client.status === "ready";
    },
    evalsha: (sha, keys, args) => call(evalsha, sha, keys, args),
    eval: (script, keys, args) => call(evaluate, script, keys, args),
    // A cluster says that it lost a node by `-node`, and `close` when it has none.
    onDisconnect: (callback) => listen(client, ["close", "-node"], callback),
  };
}

function connect(client: IoredisClient): void {
  try {
    // If it fails it tries again by itself, and tells its own listeners.
    ignoreOutcome((client.connect as Method)());
  } catch {
    // It is connecting already.
  }
}

function fromNodeRedis(client: NodeRedisClient): ScriptClient {
  // Without a listener each lost connection would end the process.
  listen(client, ["error"], () => {});
  let isAsked = false;
  return {
    isCluster: has(client, "nodeClient"),
    // Pools and clusters only say whether they were opened.
    isReady: () => {
      if (!isAsked && !client.isOpen) warnUnconnected();
      isAsked = true;
      return "isReady" in client ? client.isReady === true : client.isOpen;
    },
    evalsha: nodeRedisCall(client, "evalSha"),
    eval: nodeRedisCall(client, "eval"),
    // Alone it sends nothing twice. With Sentinel it does, after one of these.
    onDisconnect: (callback) =>
      listen(client, ["error", "reconnecting", "topology-change", "end"], callback),
  };
}

function warnUnconnected(): void {
  process.emitWarning(
    "redisStore: the client was never connected, so nothing is counted in Redis. Call await client.connect().",
    { code: "EXPRESS_SECURE_API_REDIS_NOT_CONNECTED" },
  );
}

function nodeRedisCall(client: NodeRedisClient, name: "evalSha" | "eval"): ScriptClient["eval"] {
  if (has(client, "nodeClient", "commandsExecutor", "sendCommand")) {
    // The cluster of version 4 looks for the key of a script in the wrong argument, and asks any node.
    const { sendCommand } = client as unknown as Record<string, Method>;
    return (text, keys, args) => {
      const command = [name.toUpperCase(), text, String(keys.length), ...keys, ...args];
      return sendCommand?.call(client, keys[0], false, command) as Promise<unknown>;
    };
  }
  const method = (client as unknown as Record<string, Method>)[name];
  return (text, keys, args) =>
    method?.call(client, text, { keys: [...keys], arguments: [...args] }) as Promise<unknown>;
}

function listen(client: object, events: readonly string[], callback: () => void): void {
  for (const event of events) (client as Emitter).on(event, callback);
}

function has(value: unknown, ...methods: string[]): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}
