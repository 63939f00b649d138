import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { keepStdoutForAnswer } from "../core/app/record-output.js";
import { visible } from "../route-audit/formats/escape.js";
import { lineOf } from "./command-error.js";

/** How long an app may take to load. */
const DEADLINE_SECONDS = 60;
/** A port that is not free is told a moment after the module was loaded. */
const SETTLE_MS = 50;
const FAILED = 2;
/** What a server that listens looks like among the resources of a process. */
const SERVERS = ["TCPServerWrap", "PipeServerWrap"];

/** How the command ends, whatever the app does meanwhile. */
export interface CommandEnd {
  /** Says why there is no answer, and ends the process. */
  fail(message: string): never;
  /** Tells something besides the answer. */
  note(message: string): void;
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
export function watchEnd(module: string): CommandEnd {
  process.exitCode = FAILED;
  // Of now: the app may replace it.
  const exit = process.exit.bind(process);
  let code: 0 | 1 | 2 = FAILED;
  let ended = false;
  let listens = false;
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  keepStdoutForAnswer();
  const fail = (message: string): never => {
    ended = true;
    say(message);
    return exit(FAILED);
  };
  const onError = (error: unknown): void => {
    fail(`${module} failed while it was loaded: ${explain(error)}`);
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  process.on("exit", () => {
    if (!ended) {
      say(`${module} ended the process, or left nothing to wait for, before its app was there`);
    }
    // At once: listeners of the app come behind this one, and could set another code.
    exit(code);
  });
  void setTimeout(DEADLINE_SECONDS * 1000, undefined, { ref: false }).then(() => {
    fail(`${module} was not loaded within ${DEADLINE_SECONDS} seconds`);
  });
  return {
    fail,
    note: say,
    async loaded() {
      await setTimeout(SETTLE_MS);
      listens = process.getActiveResourcesInfo().some((one) => SERVERS.includes(one));
    },
    finish(found) {
      ended = true;
      code = found;
      if (listens) {
        say(`note: ${module} listens when it is loaded; the process is ended all the same`);
      }
      return exit(code);
    },
  };
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

/** At once: the process may be about to end. */
function say(message: string): void {
  writeAll(2, `express-secure-api: ${visible(message)}\n`);
}

/** Writes all of it before it returns. Pipes that do not block can be full, and readers can be gone. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else if (code === "EPIPE" || code === "EOF") return;
      else throw error;
    }
  }
}
