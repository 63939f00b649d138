import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { root } from "./package-manifest.js";

/** A database of the machine, and the package of its client. */
interface Database {
  readonly host: string;
  readonly port: number;
  readonly client: string;
}

const REDIS: Database = { host: "127.0.0.1", port: 6379, client: "ioredis" };
const POSTGRES: Database = { host: "127.0.0.1", port: 5432, client: "pg" };

const load = createRequire(join(root, "package.json"));

/** A client of PostgreSQL with the tables of a test; `undefined` without a server or the package `pg`. */
export async function postgresPool(): Promise<PostgresPool | undefined> {
  const pg = (await clientFor("PostgreSQL", POSTGRES)) as PostgresPackage | undefined;
  return (
    pg &&
    new pg.Pool({ host: POSTGRES.host, port: POSTGRES.port, user: "postgres", database: "test" })
  );
}

/** A client of Redis; `undefined` without a server or the package `ioredis`. */
export async function redisClient(): Promise<RedisClient | undefined> {
  const ioredis = (await clientFor("Redis", REDIS)) as RedisPackage | undefined;
  return ioredis && new ioredis.Redis({ host: REDIS.host, port: REDIS.port });
}

interface PostgresPool {
  query(text: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
}

interface PostgresPackage {
  readonly Pool: new (options: object) => PostgresPool;
}

interface RedisClient {
  readonly status: string;
  keys(pattern: string): Promise<string[]>;
  pttl(key: string): Promise<number>;
  del(...keys: string[]): Promise<number>;
  disconnect(): void;
  quit(): Promise<unknown>;
}

interface RedisPackage {
  readonly Redis: new (options: object) => RedisClient;
}

/** What is missing is said once: a test that is skipped without a word is taken for one that passed. */
async function clientFor(name: string, { host, port, client }: Database): Promise<unknown> {
  const missing = (what: string): undefined => {
    console.warn(`Tests with ${name} are skipped: ${what}.`);
  };
  if (!(await answers(host, port))) return missing(`no server listens on ${host}:${port}`);
  try {
    return load(client);
  } catch {
    return missing(`the package ${client} is not installed`);
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
