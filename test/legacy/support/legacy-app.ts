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
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** `before` is `app.js`; the other two are `hardened.js`, which reads the mode from `SECURITY_MODE`. */
export type Variant = "before" | "report" | "enforce";

export interface RunningApp {
  /** Where the app listens: on the loopback interface only. */
  readonly url: string;
  /** A module of the running app, such as the one that keeps the mails that it sent. */
  load(path: string): unknown;
  /** What the audit log has by now; nothing before the app is hardened. */
  records(): Record<string, unknown>[];
  close(): Promise<void>;
}

export interface LegacyApp {
  /** Loads the app anew, with an empty database, and lets it listen. */
  start(variant: Variant): Promise<RunningApp>;
  remove(): void;
}

const ROOT = resolve(__dirname, "../../..");

/**
 * A copy of `test/legacy/<name>` in a folder of its own, where `require("express")` finds the package that `packages` names:
 * so the files of the app are as people write them.
 */
export function legacyApp(
  name: string,
  packages: Readonly<Record<string, string>>,
  hardenedEnvironment: Readonly<Record<string, string>> = {},
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

  async function start(variant: Variant): Promise<RunningApp> {
    starts += 1;
    const audit = join(folder, `audit-${starts}.jsonl`);
    process.env["AUDIT_FILE"] = audit;
    process.env["SECURITY_MODE"] = variant;
    for (const [variable, value] of Object.entries(hardenedEnvironment)) {
      if (variant === "before") delete process.env[variable];
      else process.env[variable] = value;
    }
    const require = createRequire(join(folder, "app.js"));
    for (const path of Object.keys(require.cache))
      if (path.startsWith(folder)) delete require.cache[path];
    const app = require(variant === "before" ? "./app.js" : "./hardened.js") as RequestListener;
    const server = createServer(app);
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
      close: () =>
        new Promise((closed) => {
          server.close(() => closed());
          server.closeAllConnections();
        }),
    };
  }

  return { start, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
