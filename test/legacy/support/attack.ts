import type { RunningApp } from "./legacy-app.js";

/** Bodies that lead a careless merge to the prototype of all objects. */
export const POLLUTING: readonly string[] = [
  '{"__proto__": {"pollutedByTheAttack": true}}',
  '{"constructor": {"prototype": {"pollutedByTheAttack": true}}}',
];

/** Whether a body of `POLLUTING` has worked; cleans up. */
export function polluted(): boolean {
  const found = "pollutedByTheAttack" in {};
  Reflect.deleteProperty(Object.prototype, "pollutedByTheAttack");
  return found;
}

/** The risks of the OWASP API Security Top 10 2023 that an attack is an instance of. */
type Risk =
  | "API1 Broken Object Level Authorization"
  | "API2 Broken Authentication"
  | "API3 Broken Object Property Level Authorization"
  | "API4 Unrestricted Resource Consumption"
  | "API5 Broken Function Level Authorization"
  | "API6 Unrestricted Access to Sensitive Business Flows"
  | "API7 Server Side Request Forgery"
  | "API8 Security Misconfiguration";

export interface Attack {
  /** What the attacker does, as a sentence without a full stop. */
  readonly name: string;
  readonly risk: Risk;
  /**
   * What report mode says about each attacking request: one of the `audit.decisions` of its record, or one of its
   * `audit.reported.changes`. `{ warning }`: the log says nothing, and a process warning of this code does.
   */
  readonly named: string | { readonly warning: string };
  /** `true`: it works no more once the environment of the hardened stages is set, also while the guards only report. */
  readonly endsWithTheEnvironment?: true;
  /** Attacks the running app and returns whether the attacker got what he wanted. */
  readonly run: (app: RunningApp) => Promise<boolean>;
}

/** What an attacker still can do once the guards enforce. */
export type OpenAttack = Pick<Attack, "name" | "run">;
