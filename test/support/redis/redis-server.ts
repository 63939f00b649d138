import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const isInstalled = (process.env["PATH"] ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "redis-server")));

/** Whether tests with Redis are left out: without the binary, except where nothing may be left out. */
export const withoutRedis = !isInstalled && process.env["CI"] !== "true";
if (withoutRedis) {
  console.warn(
    "Tests with Redis are skipped: redis-server is not installed (apt-get install redis-server).",
  );
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A redis-server of its own, which a test may treat as it likes. */
export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), "redis-"));
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** Starts one on a free port; it keeps nothing on disk. */
  static async start(...args: string[]): Promise<RedisServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new RedisServer(await freePort(), args);
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody else may have taken the port meanwhile.
        if (attempt === 5) throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again after it was killed. */
  async start(): Promise<void> {
    const settings = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    // A Sentinel wants a file that it may write, and knows none of the other settings.
    const args = this.#args.includes("--sentinel")
      ? [this.#sentinelFile(), ...settings, ...this.#args]
      : [...settings, "--save", "", "--appendonly", "no", ...this.#args];
    const child = spawn("redis-server", args, { stdio: "ignore" });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
    failed.catch(() => {});
    while (!(await Promise.race([answers(this.port, child.pid), failed]))) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    }
  }

  #sentinelFile(): string {
    const file = join(this.#folder, "sentinel.conf");
    writeFileSync(file, "");
    return file;
  }

  /** Sends a signal to the process. After SIGKILL it waits for its end. */
  async signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(name);
    if (name === "SIGKILL") await ended;
  }

  /** Runs a command with redis-cli and gives the lines of its answer. */
  async command(...args: string[]): Promise<readonly string[]> {
    const { stdout } = await run("redis-cli", ["-p", String(this.port), ...args]);
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** The keys that would stay for ever. */
  async eternalKeys(): Promise<readonly string[]> {
    const keys = await this.command("--scan");
    const ttls = await Promise.all(keys.map((key) => this.command("PTTL", key)));
    return keys.filter((_key, index) => ttls[index]?.[0] === "-1");
  }

  async stop(): Promise<void> {
    await this.signal("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A port that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Whether that process answers: another test may have been given the same port, and been faster. */
function answers(port: number, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("INFO server\r\n"));
    let text = "";
    const end = (ready: boolean) => {
      socket.destroy();
      setTimeout(resolve, ready ? 0 : 10, ready);
    };
    socket.on("data", (data) => {
      text += data.toString();
      if (text.includes(`process_id:${pid}\r\n`)) end(true);
    });
    socket.once("error", () => end(false));
    socket.setTimeout(1000, () => end(false));
  });
}
