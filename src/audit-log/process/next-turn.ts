import { clearImmediate, setImmediate } from "node:timers";
import { MessageChannel } from "node:worker_threads";

type Schedule = (callback: () => void) => void;

// As it was when this was loaded: what replaces it later, in `global` or in the module, does not hold records back.
const immediate = setImmediate;

/**
 * Calls back when the current turn of the event loop ends. The process stays alive for it.
 *
 * The fake timers of a test make no difference, even where they were there before this library: then a message to
 * ourselves takes the place of the immediate.
 */
export const atNextTurn: Schedule = isGenuine() ? scheduleImmediate : createMessageSchedule();

function scheduleImmediate(callback: () => void): void {
  immediate(callback);
}

/** Fakes return objects of their own. */
function isGenuine(): boolean {
  const probe: unknown = immediate(() => undefined);
  clearImmediate(probe as NodeJS.Immediate);
  return (Object(probe) as object).constructor?.name === "Immediate";
}

function createMessageSchedule(): Schedule {
  const { port1, port2 } = new MessageChannel();
  let waiting: (() => void)[] = [];
  port1.on("message", () => {
    const due = waiting;
    waiting = [];
    port1.unref();
    for (const callback of due) callback();
  });
  port1.unref();

  return function scheduleMessage(callback) {
    waiting.push(callback);
    if (waiting.length > 1) return;
    port1.ref();
    port2.postMessage(undefined);
  };
}
