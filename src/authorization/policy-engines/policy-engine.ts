import type { OptionsReader } from "../../core/options/options-reader.js";

/** Who wants to do something. */
export interface PolicySubject {
  readonly type: string;
  /** Unique within the type. */
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** What somebody wants to do. */
export interface PolicyAction {
  readonly name: string;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** What somebody wants to do it to. */
export interface PolicyResource {
  readonly type: string;
  /** Unique within the type. AuthZEN needs one. */
  readonly id?: string;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * What a policy engine is asked: the access evaluation request of AuthZEN.
 *
 * @see https://openid.net/specs/authorization-api-1_0.html#section-6
 */
export interface PolicyInput {
  readonly subject: PolicySubject;
  readonly action: PolicyAction;
  readonly resource: PolicyResource;
  /** The circumstances, such as the time or the address of the client. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** What a policy engine says. */
export interface PolicyDecision {
  /** Exactly `true` or `false`: everything else is no decision, and refuses the request with 503. */
  readonly allow: boolean;
  /** The policies that decided, by name. Decisions record the first four that are short and without blanks. */
  readonly reasons?: readonly string[] | undefined;
  /** The name of the decision in the log of the engine. Decisions record it when it is short and without blanks. */
  readonly decisionId?: string | undefined;
}

/** What an engine is told besides the question. */
export interface PolicyCall {
  /** Aborted when the answer is of no use any more: the client has left, or the deadline is over. */
  readonly signal: AbortSignal;
  /** The id of the request, where `auditLog` gave it one. */
  readonly requestId?: string | undefined;
}

/** Decides by policies that are kept outside of the code of the app. */
export interface PolicyEngine {
  /** The name in decisions and in the route audit: 1 to 64 letters, digits and `. _ : / @ + = -`. */
  readonly name: string;
  /**
   * Decides, at once or later. A promise has 5 seconds. Whatever it throws, or gives in place of a decision, refuses the
   * request with 503 `check_unavailable`.
   */
  decide(input: PolicyInput, call: PolicyCall): PolicyDecision | PromiseLike<PolicyDecision>;
}

/** The names of engines, and what else records take over from them: no text with blanks, and nothing long. */
export const ENGINE_NAME = /^[\w.:/@+=-]{1,64}$/;

/** Reads the name of an engine; without one it is called like its factory. */
export function readEngineName(reader: OptionsReader<"name">, factory: string): string {
  const name = reader.string("name", { default: factory }) ?? factory;
  if (!ENGINE_NAME.test(name)) {
    reader.problem("name", "1 to 64 letters, digits and . _ : / @ + = -");
  }
  return name;
}
