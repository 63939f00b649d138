import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  CHANNEL_DESCRIPTOR,
  type ChannelMessage,
  terminalChannel,
} from "../terminal/command-channel.js";
import { lineOf } from "../terminal/command-error.js";
import { blocked, DEADLINE_SECONDS, noAnswer, tooSlow } from "./command-end.js";

/** More than the process of the app has: it ends by itself, unless it never comes to do so. */
const LOAD_SECONDS = DEADLINE_SECONDS + 2;
/** How long the process of the app may take to end after its last word. */
const EXIT_MS = 2000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Loads the app in a process of its own, passes on what that says, and ends like it. What the app does to its process,
 * such as ending it in a way that nobody hears, stopping its event loop or writing to its standard output, becomes
 * neither an exit code nor a part of the answer: without a last word over the pipe it is 2.
 */
export function supervise(
  module: string,
  args: readonly string[],
  color: boolean,
  loadSeconds: number = LOAD_SECONDS,
): void {
  const child = start(args, color);
  const written: string[] = [];
  let code: 0 | 1 | 2 | undefined;
  const fail = (message: string): never => {
    terminalChannel.say(message);
    return finish(2);
  };
  const finish = (last: 0 | 1 | 2): never => {
    if (child.exitCode === null) child.kill("SIGKILL");
    return process.exit(last);
  };
  let slow: NodeJS.Timeout | undefined;
  const limit = (message: string): void => {
    clearTimeout(slow);
    slow = setTimeout(() => fail(message), loadSeconds * 1000);
  };
  limit(tooSlow(module, loadSeconds));
  for (const signal of SIGNALS) process.once(signal, () => fail(`stopped by ${signal}`));
  const end = (): never => {
    try {
      for (const text of written) terminalChannel.write(text);
    } catch (error) {
      return fail(`the answer could not be written: ${lineOf(error)}`);
    }
    return finish(code ?? 2);
  };
  const hear = (message: ChannelMessage): void => {
    if ("say" in message) terminalChannel.say(message.say);
    else if ("write" in message) written.push(message.write);
    else if ("alive" in message) limit(blocked(module, loadSeconds));
    else clearTimeout(slow);
    if (!("done" in message)) return;
    code = message.done;
    setTimeout(end, EXIT_MS);
  };
  readMessages(child.stdio[CHANNEL_DESCRIPTOR] as Readable, hear);
  child.on("error", (error) => fail(`no process could be started: ${lineOf(error)}`));
  // Not at `exit`: the pipe may still hold the last words.
  child.on("close", (_code, signal) => {
    if (code === undefined) fail(noAnswer(module, signal));
    end();
  });
  // What the app has started may keep the pipe open.
  child.on("exit", (_code, signal) =>
    setTimeout(() => (code === undefined ? fail(noAnswer(module, signal)) : end()), EXIT_MS),
  );
}

/** Whether Node.js lets this process start another: its permission model may not. */
export function maySupervise(): boolean {
  const { permission } = process as { readonly permission?: NodeJS.ProcessPermission };
  return permission?.has("child") !== false;
}

function start(args: readonly string[], color: boolean): ChildProcess {
  // A script of the command line would be run in place of the file.
  const isScript = process.execArgv.some((arg) => /^(?:-[a-z]*[ep]$|--(?:eval|print)\b)/.test(arg));
  const own = (isScript ? [] : process.execArgv).map((arg) =>
    // The port of a debugger is taken by this process.
    arg.replace(/^(--inspect(?:-brk|-wait)?)(?:=.*)?$/, "$1=0"),
  );
  const file = join(__dirname, "app-process.js");
  return spawn(process.execPath, [...own, file, color ? "color" : "plain", ...args], {
    stdio: ["inherit", 2, 2, "pipe"],
    windowsHide: true,
  });
}

function readMessages(pipe: Readable, hear: (message: ChannelMessage) => void): void {
  let parts: string[] = [];
  pipe.setEncoding("utf8");
  pipe.on("data", (text: string) => {
    const [first = "", ...rest] = text.split("\n");
    parts.push(first);
    for (const next of rest) {
      const message = parse(parts.join(""));
      parts = [next];
      if (message !== undefined) hear(message);
    }
  });
  // A process that was killed may leave it broken: there is no last word then.
  pipe.on("error", () => undefined);
}

/** What the app itself has written there says nothing. */
function parse(line: string): ChannelMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as ChannelMessage) : undefined;
  } catch {
    return undefined;
  }
}
