import { setTimeout } from "node:timers/promises";
import { keepStdoutForAnswer } from "../../core/app/record-output.js";
import type { CommandChannel } from "../terminal/command-channel.js";
import { lineOf } from "../terminal/command-error.js";

/** How long an app may take to load. */
export const DEADLINE_SECONDS = 60;
/** A port that is not free is told a moment after the module was loaded. */
const SETTLE_MS = 50;
const FAILED = 2;
/** What a server that listens looks like among the resources of a process. */
const SERVERS = ["TCPServerWrap", "PipeServerWrap"];

/** How the command ends, whatever the app does meanwhile. */
export interface CommandEnd {
  /** Says why there is no answer, and ends the process. */
  fail(message: string): never;
  /** The app is there: from now on, what listens may be ours. Resolves when what it has begun has had time to fail. */
  loaded(): Promise<void>;
  /** Ends the process once the answer is written, and says when the app would have kept it alive. */
  finish(code: 0 | 1): never;
}

/**
 * Takes care that the process ends, and with 2 unless the command has finished: the app's module may exit, throw later,
 * wait forever or leave nothing to wait for, and none of that means that its routes are guarded.
 *
 * Whatever the app prints meanwhile goes to the standard error, because the standard output is the answer.
 */
export function watchEnd(module: string, channel: CommandChannel): CommandEnd {
  process.exitCode = FAILED;
  // Of now: the app may replace it.
  const exit = process.exit.bind(process);
  let code: 0 | 1 | 2 = FAILED;
  let ended = false;
  let listens = false;
  let stage = "while it was loaded";
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  keepStdoutForAnswer();
  const fail = (message: string): never => {
    ended = true;
    channel.say(message);
    channel.done(FAILED);
    return exit(FAILED);
  };
  const onError = (error: unknown): void => {
    fail(`${module} failed ${stage}: ${explain(error)}`);
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  process.on("exit", () => {
    if (!ended) {
      channel.say(noAnswer(module));
      channel.done(FAILED);
    }
    // At once: listeners of the app come behind this one, and could set another code.
    exit(code);
  });
  void setTimeout(DEADLINE_SECONDS * 1000, undefined, { ref: false }).then(() => {
    fail(tooSlow(module, DEADLINE_SECONDS));
  });
  return {
    fail,
    async loaded() {
      await setTimeout(SETTLE_MS);
      listens = process.getActiveResourcesInfo().some((one) => SERVERS.includes(one));
      stage = "after it was loaded";
      channel.loaded();
    },
    finish(found) {
      ended = true;
      code = found;
      if (listens) {
        channel.say(`note: ${module} listens when it is loaded; the process is ended all the same`);
      }
      channel.done(code);
      return exit(code);
    },
  };
}

/** Why there is no answer when the process is simply gone. */
export function noAnswer(module: string, signal?: string | null): string {
  const how =
    signal == null ? "ended the process, or left nothing to wait for," : `was ended by ${signal}`;
  return `${module} ${how} before there was an answer`;
}

/** Why there is no answer when the module does not come to an end. */
export function tooSlow(module: string, seconds: number): string {
  return `${module} was not loaded within ${seconds} seconds`;
}

/** Why there is no answer when a request of the probe keeps the event loop. */
export function blocked(module: string, seconds: number): string {
  return `${module} kept the event loop for ${seconds} seconds while it was probed`;
}

function explain(error: unknown): string {
  const { code, syscall, port } = (error ?? {}) as {
    readonly code?: unknown;
    readonly syscall?: unknown;
    readonly port?: unknown;
  };
  if (syscall !== "listen") return lineOf(error);
  return `it listens on port ${String(port)}, which is not free (${String(code)}): export the app from a module that does not listen`;
}
