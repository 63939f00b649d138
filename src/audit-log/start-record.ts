import { AsyncResource } from "node:async_hooks";
import { handlersOf } from "../core/app/app-layers.js";
import type { Decision } from "../core/decision/decision.js";
import { type GuardDescription, guardMark } from "../core/guard/guard-mark.js";
import { flushAtTurnEnd, leaveTurns, type TurnUser } from "./delivery/turn-end.js";

/** Writes a record of the start: which guards are in report mode, by name, and why the record is written. */
export type WriteStart = (
  reporting: readonly string[],
  reason: "started" | "reporting_changed",
) => void;

/** Guards have names of their factories, which are few; a third party's are as many as it likes. */
const MAX_NAMES = 200;

/**
 * Says, when its turn of the event loop is over or the process ends before, that the log has started, and names the guards of its apps that only report. Those that
 * become known later are named in one more record with the whole list: what stands on an app at its first request, and
 * what cannot be seen there at its first decision.
 */
export class StartRecord implements TurnUser {
  /** Called where the log was made, not where this library was loaded: a request may have done that. */
  readonly flush = AsyncResource.bind(() => this.#start());
  readonly #write: WriteStart;
  readonly #names = new Set<string>();
  readonly #surveyed = new WeakSet<object>();
  #started = false;
  #cancelled = false;

  constructor(write: WriteStart) {
    this.#write = write;
    // The preset says what it is made of in the same tick.
    flushAtTurnEnd(this);
  }

  /** Names those of the handlers that report: they are known before any request. */
  atSetup(handlers: readonly object[]): void {
    this.#name(reportingIn(handlers));
  }

  /** Looks at the app of a request, once for each app. */
  atRequest(app: unknown): void {
    if (typeof app === "function" && !this.#surveyed.has(app)) {
      this.#surveyed.add(app);
      this.#name(reportingOn(app));
    }
    if (!this.#started) this.#start();
  }

  /** Looks at the decisions about a request for guards that report and have not been named. */
  atDecisions(decisions: readonly Decision[]): void {
    for (const { enforced, guard } of decisions) {
      if (enforced || this.#names.has(guard)) continue;
      this.#name(decisions.flatMap((decision) => (decision.enforced ? [] : [decision.guard])));
      return;
    }
  }

  /** Writes no record any more. @returns Whether one was written. */
  cancel(): boolean {
    leaveTurns(this);
    this.#cancelled = true;
    return this.#started;
  }

  #start(): void {
    leaveTurns(this);
    if (this.#cancelled || this.#started) return;
    this.#started = true;
    this.#say("started");
  }

  #name(guards: readonly string[]): void {
    const known = this.#names.size;
    for (const guard of guards) if (this.#names.size < MAX_NAMES) this.#names.add(guard);
    if (this.#names.size > known && this.#started && !this.#cancelled) {
      this.#say("reporting_changed");
    }
  }

  #say(reason: "started" | "reporting_changed"): void {
    this.#write([...this.#names].sort(), reason);
  }
}

/** The names of the guards in report mode that can be seen on an app. */
function reportingOn(app: unknown): readonly string[] {
  try {
    return reportingIn([...handlersOf(app)]);
  } catch {
    // A property of the app that throws. It must not cost the request: what is missed is named at its first decision.
    return [];
  }
}

function reportingIn(handlers: readonly object[]): readonly string[] {
  return handlers.flatMap((handler) => reportingNames(guardMark(handler)));
}

/** A preset reports where its parts do: its own mode is only their default. */
function reportingNames(description: GuardDescription | undefined): readonly string[] {
  if (description === undefined) return [];
  const { guard, mode, parts } = description;
  if (parts !== undefined) return parts.flatMap(reportingNames);
  return mode === "report" ? [guard] : [];
}
