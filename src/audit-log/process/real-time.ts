import { MessageChannel } from "node:worker_threads";

/**
 * Calls back after so many milliseconds of real time: fake timers do not replace the timers of signals. The process
 * does not stay alive for it.
 */
export function afterRealTime(milliseconds: number, callback: () => void): void {
  const signal = AbortSignal.timeout(milliseconds);
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
}

/** Keeps the process alive. @returns A function that lets it end again. */
export function keepAlive(): () => void {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
}

/** Waits so many milliseconds of real time. The process stays alive for it. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const letGo = keepAlive();
    afterRealTime(milliseconds, () => {
      letGo();
      resolve();
    });
  });
}
