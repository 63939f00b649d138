import { type Arguments, readArguments, USAGE } from "./routes/read-arguments.js";
import { maySupervise, supervise } from "./routes/supervise.js";
import { terminalChannel } from "./terminal/command-channel.js";
import { lineOf } from "./terminal/command-error.js";

/** Runs the command, and ends the process: 0 all is guarded, 1 something is open, 2 there is no answer. */
export function run(args: readonly string[]): void {
  let read: Arguments | undefined;
  try {
    read = readArguments(args);
  } catch (error) {
    terminalChannel.say(lineOf(error));
    process.exitCode = 2;
    return;
  }
  const color = process.stdout.isTTY && process.stdout.hasColors();
  if (read === undefined) terminalChannel.write(USAGE);
  else if (maySupervise()) supervise(read.module, args, color);
  else void auditHere(read, color);
}

async function auditHere(given: Arguments, color: boolean): Promise<void> {
  // Loaded here only: the process that supervises another needs none of it.
  const { auditApp } = await import("./routes/audit-app.js");
  await auditApp(given, color, terminalChannel);
}
