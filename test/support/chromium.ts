import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian's package `chromium`. Tests that need it are skipped without it. */
const CHROMIUM = "/usr/bin/chromium";

/** Whether a browser is installed. */
export function hasChromium(): boolean {
  try {
    accessSync(CHROMIUM, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser that visits one page and has not been closed. */
export interface Visit {
  /** What the console of the page has said so far, one line for each message. */
  readonly console: () => readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Opens a page in a browser of its own, and waits until `finished` is resolved.
 *
 * @throws Error when the browser ends before.
 */
export async function visit(
  url: string,
  finished: Promise<unknown>,
  flags: readonly string[] = [],
): Promise<Visit> {
  const profile = mkdtempSync(join(tmpdir(), "browser-"));
  const usual = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const own = ["--enable-logging=stderr", `--user-data-dir=${profile}`, ...flags, url];
  const browser = spawn(CHROMIUM, [...usual, ...own], {
    stdio: ["ignore", "ignore", "pipe"],
    // Its socket stands there, and must not have a long path.
    env: { ...process.env, TMPDIR: "/tmp" },
    // A group of its own: the browser is many processes.
    detached: true,
  });
  let text = "";
  browser.stderr.on("data", (chunk) => {
    text += String(chunk);
  });
  const close = async (): Promise<void> => {
    await end(browser);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  const ended = once(browser, "exit").then(() => "ended");
  if ((await Promise.race([finished.then(() => "finished"), ended])) === "ended") {
    await close();
    throw new Error(`Chromium ended by itself: ${text.slice(-2000)}`);
  }
  return { console: () => text.split("\n").filter((line) => line.includes("CONSOLE")), close };
}

async function end(browser: ChildProcess): Promise<void> {
  if (browser.pid === undefined || browser.exitCode !== null || browser.signalCode !== null) return;
  const exited = once(browser, "exit");
  process.kill(-browser.pid, "SIGKILL");
  await exited;
}
