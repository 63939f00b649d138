import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach } from "vitest";
import { DECISION_CHANNEL, type Decision } from "../../src/core/decision/decision.js";

/** The decisions that guards make during each test of the file, in order. */
export function listenToDecisions(): readonly Decision[] {
  const decisions: Decision[] = [];
  const listen = (decision: unknown): void => {
    decisions.push(decision as Decision);
  };
  beforeEach(() => {
    decisions.length = 0;
    subscribe(DECISION_CHANNEL, listen);
  });
  afterEach(() => {
    unsubscribe(DECISION_CHANNEL, listen);
  });
  return decisions;
}
