import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A Cerbos that runs with policies of the test. */
export interface Cerbos {
  readonly url: string;
  close(): Promise<void>;
}

/** Where the binary is: `CERBOS_BIN`, or what the package of npm for this machine brings. */
export function cerbosBinary(): string | undefined {
  const { CERBOS_BIN: given } = process.env;
  if (given !== undefined && given !== "") return given;
  const platform = `cerbos-${process.platform}-${process.arch}`;
  try {
    const manifest = require.resolve(`@cerbos/${platform}/package.json`);
    const binary = join(manifest, "..", platform);
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Starts the server on free ports of this machine, and waits until it is healthy. */
export async function startCerbos(binary: string, policy: string): Promise<Cerbos> {
  const folder = mkdtempSync(join(tmpdir(), "cerbos-"));
  writeFileSync(join(folder, "policy.yaml"), policy);
  const [http, grpc] = [await freePort(), await freePort()];
  const settings = [
    `server.httpListenAddr=127.0.0.1:${http}`,
    `server.grpcListenAddr=127.0.0.1:${grpc}`,
    "storage.driver=disk",
    `storage.disk.directory=${folder}`,
    "telemetry.disabled=true",
  ];
  const args = ["server", ...settings.map((setting) => `--set=${setting}`)];
  const server = spawn(binary, args, { stdio: "ignore", cwd: folder });
  const url = `http://127.0.0.1:${http}`;
  async function close(): Promise<void> {
    await stop(server);
    rmSync(folder, { recursive: true, force: true });
  }
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetch(`${url}/_cerbos/health`).catch(() => undefined);
    if (answer?.ok === true) return { url, close };
    await sleep(100);
  }
  await close();
  throw new Error("Cerbos does not start");
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill();
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
