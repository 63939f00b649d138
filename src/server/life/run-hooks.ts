import { promiseOf } from "../../core/calls/follow.js";

/** A function of the app that ends something, such as `() => pool.end()`. */
export type ShutdownHook = () => unknown;

/**
 * Calls the functions one after the other, whatever becomes of those before. None can take the time of the others: each
 * has its share of what is left.
 *
 * @param time - For all of them, in milliseconds.
 * @returns What they threw, or their promises were rejected with, and an error for each that took too long.
 */
export async function runHooks(
  option: string,
  hooks: readonly ShutdownHook[],
  time: number,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const end = performance.now() + time;
  for (const [index, hook] of hooks.entries()) {
    const share = Math.max(0, end - performance.now()) / (hooks.length - index);
    try {
      await settled(hook, share, `${option}[${index}]`);
    } catch (error) {
      errors.push(error);
    }
  }
  return errors;
}

function settled(hook: ShutdownHook, time: number, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // It keeps the process alive: what the function waits for may not.
    const deadline = setTimeout(() => {
      reject(new Error(`gracefulShutdown.${name} did not end within ${Math.round(time)} ms`));
    }, time);
    const done = (act: () => void): void => {
      clearTimeout(deadline);
      act();
    };
    let answer: unknown;
    try {
      answer = hook();
    } catch (error) {
      done(() => reject(error));
      return;
    }
    promiseOf(answer).then(
      (value) => done(() => resolve(value)),
      (error: unknown) => done(() => reject(error)),
    );
  });
}
