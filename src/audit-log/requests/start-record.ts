import { handlersOf } from "../../core/app/app-layers.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import type { Decision } from "../../core/decision/decision.js";
import { type GuardDescription, guardMark } from "../../core/guard/guard-mark.js";
import { flushAtTurnEnd, leaveTurns, type TurnUser } from "../process/turn-end.js";

/**
 * Writes a record of the start: which guards are in report mode, by name, why the record is written, and whether no
 * other guard is known.
 */
export type WriteStart = (
  reporting: readonly string[],
  reason: "started" | "reporting_changed",
  unprotected: boolean,
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
  readonly flush = new OutsideScope("ExpressSecureApiAuditStart").bind(() => this.#start());
  readonly #write: WriteStart;
  readonly #names = new Set<string>();
  /** Whether a guard is known that refuses. */
  #protects = false;
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
    this.#learn(handlers);
  }

  /** Looks at the app of a request, once for each app. */
  atRequest(app: unknown): void {
    if (typeof app === "function" && !this.#surveyed.has(app)) {
      this.#surveyed.add(app);
      this.#learn(guardsOn(app));
    }
    if (!this.#started) this.#start();
  }

  /** Looks at the decisions about a request for guards that report and have not been named. */
  atDecisions(decisions: readonly Decision[]): void {
    for (const { enforced, guard } of decisions) {
      if (enforced || this.#names.has(guard)) continue;
      // A preset says that a route is public: that protects nothing.
      if (decisions.some((one) => one.enforced && one.guard !== "secureApi")) this.#protects = true;
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

  #learn(handlers: readonly object[]): void {
    const guards = handlers.flatMap((handler) => partsOf(guardMark(handler)));
    if (guards.some(({ kind, mode }) => mode === "enforce" && kind !== "audit"))
      this.#protects = true;
    this.#name(guards.flatMap(({ guard, mode }) => (mode === "report" ? [guard] : [])));
  }

  #name(guards: readonly string[]): void {
    const known = this.#names.size;
    for (const guard of guards) if (this.#names.size < MAX_NAMES) this.#names.add(guard);
    if (this.#names.size > known && this.#started && !this.#cancelled) {
      this.#say("reporting_changed");
    }
  }

  #say(reason: "started" | "reporting_changed"): void {
    const names = [...this.#names].sort();
    // The log itself protects nothing, whatever its mode.
    const reports = names.some((name) => name !== "auditLog");
    this.#write(names, reason, reports && !this.#protects);
  }
}

/** The handlers that can be seen on an app. */
function guardsOn(app: unknown): readonly object[] {
  try {
    return [...handlersOf(app)];
  } catch {
    // A property of the app that throws. It must not cost the request: what is missed is named at its first decision.
    return [];
  }
}

/** A preset protects where its parts do: its own mode is only their default. */
function partsOf(description: GuardDescription | undefined): readonly GuardDescription[] {
  if (description === undefined) return [];
  return description.parts === undefined ? [description] : description.parts.flatMap(partsOf);
}
