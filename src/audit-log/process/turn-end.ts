import { OutsideScope } from "../../core/calls/outside-scope.js";
import { addExitHook, removeExitHook } from "./exit-hooks.js";
import { holdCalls, releaseCalls } from "./held-calls.js";
import { atNextTurn } from "./next-turn.js";

/** What holds records until the turn of the event loop ends. */
export interface TurnUser {
  /** Writes what it holds. Must not throw. */
  flush(): void;
}

// Of the process, not of a log: there is one event loop and one exit, and all logs together take one immediate in a
// turn and one listener, however many they are.
const waiting = new Set<TurnUser>();
const users = new Set<TurnUser>();
let exiting = false;
// The immediate belongs to no request, although a request is what schedules it.
const nobody = new OutsideScope("ExpressSecureApiAuditFlush");

/**
 * Calls `flush` when the current turn of the event loop ends, and in any case before the process does if that runs any
 * code. Asking several times in a turn is asking once.
 *
 * A turn ends in the check phase: what several connections brought is handled by then. Callbacks of the next tick and
 * microtasks run after the data of each connection.
 */
export function flushAtTurnEnd(user: TurnUser): void {
  // The listeners of "exit" that come after ours: no turn ends any more.
  if (exiting) {
    user.flush();
    return;
  }
  // Not `unref`ed: with nothing else to do, the loop would sleep on it, and end without it.
  if (waiting.size === 0) {
    nobody.runInAsyncScope(atNextTurn, undefined, flushAll);
    addExitHook(onExit);
  }
  waiting.add(user);
  users.add(user);
}

/** Says that a user holds nothing and never will again. */
export function leaveTurns(user: TurnUser): void {
  waiting.delete(user);
  if (users.delete(user) && users.size === 0) removeExitHook(onExit);
}

function flushAll(): void {
  // Everything is written before anybody hears of a failure: a monitor may well end the process.
  holdCalls();
  for (const user of waiting) {
    waiting.delete(user);
    user.flush();
  }
  releaseCalls();
}

function onExit(): void {
  exiting = true;
  nobody.runInAsyncScope(flushAll);
}
