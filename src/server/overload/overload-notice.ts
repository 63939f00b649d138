import { safeChannel } from "../../core/decision/safe-channel.js";
import type { Mode } from "../../core/guard/guard-options.js";
import type { LoadReading } from "./load-reading.js";
import type { Pressure } from "./pressure.js";

/** What `loadShedding` says of the process. Frozen plain data. */
export interface LoadState extends Omit<LoadReading, "waiting"> {
  /** `overloaded` from the first reading with pressure on, until there was none for five seconds. */
  readonly state: "normal" | "overloaded";
  /** From 0, when nothing is shed, to 1. */
  readonly pressure: number;
}

/** What is published when the state changes. Frozen plain data. */
export interface LoadEvent extends LoadState {
  readonly guard: "loadShedding";
  readonly mode: Mode;
}

/** `node:diagnostics_channel` on which a {@link LoadEvent} is published whenever `loadShedding` begins or ends. */
export const LOAD_CHANNEL = "express-secure-api:load";

/** Readings without pressure, four in a second, after which the overload is over. */
const CALM_READINGS = 20;

const channelOfLoad = safeChannel(LOAD_CHANNEL);

/**
 * Follows the pressure from reading to reading: it becomes `overloaded` at once, and `normal` when it stays so, because load
 * that is shed well comes and goes. Each change is published, and the first overload is a process warning.
 *
 * @returns What is told each reading, and gives the state.
 */
export function createOverloadNotice(
  mode: Mode,
): (load: LoadReading, pressure: Pressure) => LoadState {
  let state: LoadState["state"] = "normal";
  let calm = 0;
  let warned = false;

  return function follow({ eventLoopDelay, utilization, heap }, { value }) {
    calm = value > 0 ? 0 : calm + 1;
    const before = state;
    if (value > 0) state = "overloaded";
    else if (calm >= CALM_READINGS) state = "normal";
    const now: LoadState = Object.freeze({
      state,
      pressure: value,
      eventLoopDelay,
      utilization,
      heap,
    });
    if (state !== before && channelOfLoad.hasSubscribers) {
      const event: LoadEvent = { ...now, guard: "loadShedding", mode };
      channelOfLoad.publish(Object.freeze(event));
    }
    if (state === "overloaded" && !warned) {
      warned = true;
      warn(now, mode);
    }
    return now;
  };
}

function warn({ eventLoopDelay, utilization, heap }: LoadState, mode: Mode): void {
  const told = [
    `its event loop is ${Math.round(eventLoopDelay)} ms late and ${percent(utilization)} busy`,
    `its heap ${percent(heap)} full`,
  ].join(", ");
  const effect =
    mode === "enforce"
      ? "Requests are refused with 503 overloaded"
      : "Requests would be refused with 503 overloaded";
  process.emitWarning(
    `loadShedding: this process has more to do than it can: ${told}. ${effect} until it keeps up. Further changes are published on the diagnostics channel ${LOAD_CHANNEL} alone.`,
    { code: "EXPRESS_SECURE_API_OVERLOADED" },
  );
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
