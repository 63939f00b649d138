import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** `before` is `app.js`, and the others the files of their names. `table` puts one table in front of `app.js`. */
export type Variant = "before" | "report" | "enforce" | "table";

/** `undefined`: not set. */
type Environment = Readonly<Record<string, string | undefined>>;

export interface RunningApp {
  /** Where the app listens: on the loopback interface only. */
  readonly url: string;
  /** A module of the running app, such as the one that keeps the mails that it sent. */
  load(path: string): unknown;
  /** What the audit log has by now; nothing before the app is hardened. */
  records(): Record<string, unknown>[];
  /** The ids under which the audit log has the requests that came with the header fields `ATTACKING`. */
  attackingRequests(): readonly string[];
  /** The codes of the process warnings since the start. */
  warnings(): readonly string[];
  close(): Promise<void>;
}

export interface LegacyApp {
  /** Loads the app anew, with an empty database, and lets it listen. `variables` change the environment of the variant. */
  start(variant: Variant, variables?: Environment): Promise<RunningApp>;
  remove(): void;
}

/** Header fields that mark a request as the one that the log has to name. The app does not get to see them. */
export const ATTACKING = { "X-Attack": "yes" };
const ATTACK_FIELD = "x-attack";

const ROOT = resolve(__dirname, "../../..");

/**
 * A copy of `test/legacy/<name>` in a folder of its own, where `require("express")` finds the package that `packages` names:
 * so the files of the app are as people write them.
 */
export function legacyApp(
  name: string,
  packages: Readonly<Record<string, string>>,
  environments: Readonly<Record<Variant, Environment>>,
): LegacyApp {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `legacy-${name}-`)));
  cpSync(join(ROOT, "test/legacy", name), folder, { recursive: true });
  for (const [alias, real] of Object.entries(packages))
    link(alias, join(ROOT, "node_modules", real));
  link("express-secure-api", ROOT);
  let starts = 0;

  function link(alias: string, target: string): void {
    const path = join(folder, "node_modules", alias);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }

  async function start(variant: Variant, variables: Environment = {}): Promise<RunningApp> {
    starts += 1;
    const audit = join(folder, `audit-${starts}.jsonl`);
    const restore = setEnvironment({ ...environments[variant], ...variables, AUDIT_FILE: audit });
    const require = createRequire(join(folder, "app.js"));
    for (const path of Object.keys(require.cache))
      if (path.startsWith(folder)) delete require.cache[path];
    const warnings: string[] = [];
    const onWarning = (warning: Error & { code?: string }) => void warnings.push(`${warning.code}`);
    process.on("warning", onWarning);
    const stop = () => {
      process.off("warning", onWarning);
      restore();
    };
    let app: RequestListener;
    try {
      app = require(variant === "before" ? "./app.js" : `./${variant}.js`) as RequestListener;
    } catch (error) {
      stop();
      throw error;
    }
    const { getRequestId } = require("express-secure-api/audit-log") as {
      getRequestId(req: IncomingMessage): string | undefined;
    };
    const attacking: string[] = [];
    const server = createServer((req, res) => {
      const attacks = req.headers[ATTACK_FIELD] !== undefined;
      delete req.headers[ATTACK_FIELD];
      if (attacks) res.once("finish", () => attacking.push(`${getRequestId(req)}`));
      app(req, res);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      load: (path) => require(path) as unknown,
      records: () =>
        existsSync(audit)
          ? readFileSync(audit, "utf8")
              .split("\n")
              .filter((line) => line !== "")
              .map((line) => JSON.parse(line) as Record<string, unknown>)
          : [],
      attackingRequests: () => attacking,
      warnings: () => warnings,
      close: () =>
        new Promise((closed) => {
          stop();
          server.close(() => closed());
          server.closeAllConnections();
        }),
    };
  }

  return { start, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs a test on the app that enforces. */
export async function whileEnforcing(
  app: LegacyApp,
  test: (running: RunningApp) => Promise<void>,
): Promise<void> {
  const running = await app.start("enforce");
  try {
    await test(running);
  } finally {
    await running.close();
  }
}

/** Until when tokens without `aud` are accepted: the report stage has it as a variable, because a day in a file would pass. */
export function inTransition(): Readonly<Record<string, string>> {
  const day = new Date(Date.now() + 90 * 24 * 3_600_000).toISOString().slice(0, 10);
  return { TOKENS_WITHOUT_AUD_UNTIL: day };
}

/** Sets variables, or deletes those that are `undefined`, and returns what undoes it. */
function setEnvironment(variables: Environment): () => void {
  const former = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (entries: Iterable<readonly [string, string | undefined]>) => {
    for (const [name, value] of entries)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  };
  set(Object.entries(variables));
  return () => set(former);
}
