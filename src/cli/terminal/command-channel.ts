import { writeSync } from "node:fs";
import { visible } from "../../route-audit/formats/escape.js";

/** Where what the command says goes to. */
export interface CommandChannel {
  /** A line for people, besides the answer. */
  say(message: string): void;
  /** The answer. */
  write(text: string): void;
  /** The app is there. */
  loaded(): void;
  /** The event loop still turns, in which the app answers requests of the probe. */
  alive(): void;
  /** The last word: how the command ends. */
  done(code: 0 | 1 | 2): void;
}

/** What a process says that loads an app for the command, one message on each line. */
export type ChannelMessage =
  | { readonly say: string }
  | { readonly write: string }
  | { readonly loaded: true }
  | { readonly alive: true }
  | { readonly done: 0 | 1 | 2 };

/** Of the process that loads the app, to the one that started it. */
export const CHANNEL_DESCRIPTOR = 3;

/** For people and pipes: the standard output has the answer, the standard error the rest. */
export const terminalChannel: CommandChannel = {
  say: (message) => writeAll(2, `express-secure-api: ${visible(message)}\n`),
  write: (text) => writeAll(1, text),
  loaded: () => undefined,
  alive: () => undefined,
  done: () => undefined,
};

/** For the process that started this one. The app cannot write there by accident, as it can to the standard output. */
export const pipeChannel: CommandChannel = {
  say: (say) => send({ say }),
  write: (write) => send({ write }),
  loaded: () => send({ loaded: true }),
  alive: () => send({ alive: true }),
  done: (done) => send({ done }),
};

function send(message: ChannelMessage): void {
  writeAll(CHANNEL_DESCRIPTOR, `${JSON.stringify(message)}\n`);
}

/** Writes all of it before it returns. Pipes that do not block can be full, and readers can be gone. */
function writeAll(descriptor: number, text: string): void {
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
