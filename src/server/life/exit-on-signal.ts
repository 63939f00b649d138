import { constants } from "node:os";

/** Something that ends before the process does. */
export interface Ending {
  readonly signals: readonly NodeJS.Signals[];
  /** Whether the process may end when all are over. */
  readonly exit: boolean;
  /** Never rejects. @returns The exit code. */
  readonly end: () => Promise<number>;
}

interface Endings {
  readonly members: Set<Ending>;
  /** When the first signal came, on the clock of `performance.now()`. */
  begunAt: number | undefined;
  readonly listener: (signal: NodeJS.Signals) => void;
}

/**
 * On `process`, for every copy of this library in it: signals and the end are those of the process, and whoever is ready
 * first must not end the others.
 */
const SHARED = Symbol.for("express-secure-api.endings/1");
/** npm and terminals send one Ctrl-C twice. */
const SAME_MS = 300;

/**
 * Ends what was added when one of its signals comes, and then the process: with 0, or 1 when something went wrong. A
 * second signal ends the process at once, with 128 and its number, as shells tell it.
 *
 * @returns What takes it away again.
 */
export function exitOnSignal(ending: Ending): () => void {
  const shared = sharedEndings();
  shared.members.add(ending);
  for (const signal of ending.signals) {
    if (!process.listeners(signal).includes(shared.listener)) process.on(signal, shared.listener);
  }
  return () => remove(shared, ending);
}

function remove(shared: Endings, ending: Ending): void {
  shared.members.delete(ending);
  for (const signal of ending.signals) {
    const isUsed = [...shared.members].some(({ signals }) => signals.includes(signal));
    if (!isUsed) process.off(signal, shared.listener);
  }
}

function sharedEndings(): Endings {
  const holder = process as { [SHARED]?: Endings };
  const known = holder[SHARED];
  if (known !== undefined) return known;
  const made: Endings = {
    members: new Set(),
    begunAt: undefined,
    listener(signal) {
      const now = performance.now();
      if (made.begunAt === undefined) {
        made.begunAt = now;
        void endAll(made, signal);
      } else if (now - made.begunAt > SAME_MS) {
        process.exit(128 + constants.signals[signal]);
      }
    },
  };
  Object.defineProperty(process, SHARED, { value: made });
  return made;
}

async function endAll(shared: Endings, signal: NodeJS.Signals): Promise<void> {
  const asked = [...shared.members].filter(({ signals }) => signals.includes(signal));
  // With the process go those as well that wait for another signal.
  const ending = asked.every(({ exit }) => exit) ? [...shared.members] : asked;
  const codes = await Promise.all(ending.map(({ end }) => end()));
  const code = Math.max(0, ...codes);
  if (asked.every(({ exit }) => exit)) process.exit(code);
  // Where nobody else listens, the next signal ends the process, as without any of this.
  for (const one of ending) remove(shared, one);
  shared.begunAt = undefined;
  if (code > 0) process.exitCode = code;
}
