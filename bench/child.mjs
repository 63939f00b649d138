import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * A child process that answers each message with one message.
 *
 * @param node - Path of the Node that it runs on.
 */
export function startChild(file, node, execArgv = []) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execPath: node,
    execArgv,
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  // Shown only when the child fails: Express prints every refusal of the self-check.
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors = (errors + text).slice(-4_000);
  });
  return {
    ask(message, timeoutMs = 30_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => settle(reject, new Error(`${file} did not answer in ${timeoutMs} ms`)),
          timeoutMs,
        );
        const onMessage = (answer) => {
          if (answer.error === undefined) settle(resolve, answer);
          else settle(reject, new Error(answer.error));
        };
        const onExit = (code) =>
          settle(reject, new Error(`${file} ended with code ${code}\n${errors}`));
        function settle(finish, value) {
          clearTimeout(timer);
          child.off("message", onMessage).off("exit", onExit);
          finish(value);
        }
        child.once("message", onMessage).once("exit", onExit);
        child.send(message);
      });
    },
    /** Ends the child and waits for it, so that its CPU time does not disturb the next one. */
    stop() {
      if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
        child.once("exit", () => {
          clearTimeout(timer);
          resolve();
        });
        child.disconnect();
      });
    },
  };
}
