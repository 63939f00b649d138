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
  /** What the audit log says about it in report mode: one of the `audit.decisions`. `null`: it says nothing yet. */
  readonly named: string | null;
  /** `false`: enforcing does not refuse it yet. */
  readonly refused?: false;
  /** Attacks the running app and returns whether the attacker got what he wanted. */
  readonly run: (app: RunningApp) => Promise<boolean>;
}
