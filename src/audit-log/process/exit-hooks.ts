/** What has to run before the process ends. Must not throw. */
export type ExitHook = () => void;

interface ExitHooks {
  readonly hooks: Set<ExitHook>;
  readonly listener: () => void;
}

/**
 * On `process`, for every copy of this library in it: a test runner that loads modules anew for each test makes many
 * copies, and Node warns of a leak at the eleventh listener.
 */
const SHARED = Symbol.for("express-secure-api.exit-hooks/1");

/**
 * Calls the hook when the process exits, until it is removed; to be asked again from time to time, because an app may
 * remove all listeners of "exit".
 *
 * It goes in front of the listeners that are there: one of those may throw, or exit once more, and the rest never runs.
 */
export function addExitHook(hook: ExitHook): void {
  const { hooks, listener } = sharedHooks();
  hooks.add(hook);
  if (process.listenerCount("exit", listener) === 0) process.prependListener("exit", listener);
}

/** Calls the hook no more. */
export function removeExitHook(hook: ExitHook): void {
  const { hooks, listener } = sharedHooks();
  if (hooks.delete(hook) && hooks.size === 0) process.removeListener("exit", listener);
}

/**
 * Makes a hook that does its work behind those that are there when the process exits, such as those that write.
 *
 * @param rounds - Behind how many such hooks of its own kind: what counts losses runs before what tells the counts.
 */
export function lateExitHook(hook: ExitHook, rounds = 1): ExitHook {
  const next = rounds > 1 ? lateExitHook(hook, rounds - 1) : hook;
  const late = (): void => {
    removeExitHook(late);
    addExitHook(next);
  };
  return late;
}

function sharedHooks(): ExitHooks {
  const holder = process as { [SHARED]?: ExitHooks };
  const known = holder[SHARED];
  if (known !== undefined) return known;
  const hooks = new Set<ExitHook>();
  const made: ExitHooks = {
    hooks,
    listener() {
      // Hooks that are added meanwhile run too.
      for (const hook of hooks) hook();
    },
  };
  Object.defineProperty(process, SHARED, { value: made });
  return made;
}
