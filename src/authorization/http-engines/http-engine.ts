import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable } from "../../core/calls/user-function.js";
import { isPlainObject } from "../../core/options/value.js";
import { type FetchedBody, FetchFailure, fetchBody } from "../../issuer/fetch/fetch-body.js";
import type {
  PolicyCall,
  PolicyDecision,
  PolicyEngine,
  PolicyInput,
} from "../policy-engines/policy-engine.js";
import { PolicyOutage, type PolicyOutageReason } from "../policy-engines/policy-outage.js";
import { sendable } from "../policy-engines/sendable.js";
import { type CallOutcome, CircuitBreaker } from "./circuit-breaker.js";
import type { HttpEngineSettings } from "./http-engine-options.js";

/** What differs between the protocols. */
export interface Protocol {
  /** The option that holds `fetch`, as users write it. */
  readonly factory: string;
  readonly url: string;
  /** The JSON value that is sent. */
  toBody(input: PolicyInput): unknown;
  /** What the engine said, from a JSON object that it sent; `undefined` when that is neither yes nor no. */
  parse(answer: Readonly<Record<string, unknown>>): PolicyDecision | undefined;
}

/** A decision is a few words; an answer that is larger is none. */
const MAX_SIZE = 64 * 1024;
/** A timer that is later than this was held up by something that kept the process busy. */
const STANDSTILL_MS = 10;
const REQUEST_ID = /^[\x21-\x7e]{1,200}$/;
/** RFC 6839 §3.1: what ends in `+json` is JSON as well. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

const REASONS: Readonly<Record<Exclude<FetchFailure["problem"], "wrong">, PolicyOutageReason>> = {
  unreachable: "engine_unreachable",
  redirected: "engine_bad_answer",
  status: "engine_bad_answer",
  oversize: "engine_too_large",
};

/** An engine that is asked over HTTP, one request for each question. It has no state but that of its breaker. */
export function createHttpEngine(settings: HttpEngineSettings, protocol: Protocol): PolicyEngine {
  const { name, token } = settings;
  const breaker = new CircuitBreaker(name, settings.breaker);
  if (settings.fetch === undefined) loadFetch();

  async function ask(input: PolicyInput, call: PolicyCall): Promise<PolicyDecision> {
    // What cannot be written as JSON is a mistake of the app, and says nothing about the engine.
    const body = JSON.stringify(protocol.toBody(sendable(name, input)));
    const { isTrial, leave } = breaker.enter();
    let outcome: CallOutcome = "void";
    try {
      const given = token?.();
      const bearer = isThenable(given) ? await given : given;
      // All other requests wait for the one that tries: it goes on when its client has left.
      const left = isTrial ? undefined : call.signal;
      const answer = await fetchAnswer(settings, protocol, body, [bearer, call.requestId], left);
      const decision = parseAnswer(answer, protocol);
      outcome = "success";
      return decision;
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      leave(outcome);
    }
  }

  return Object.freeze({ name, decide: ask });
}

/**
 * Node.js loads its HTTP client with the first thing of it that is used. That takes 50 to 100 ms, on a busy machine more
 * than all the time that an engine has: the first questions after each start were refused.
 */
function loadFetch(): void {
  void globalThis.Headers;
}

async function fetchAnswer(
  settings: HttpEngineSettings,
  { factory, url }: Protocol,
  body: string,
  [bearer, requestId]: readonly [bearer: string | undefined, requestId: string | undefined],
  left: AbortSignal | undefined,
): Promise<FetchedBody> {
  const { timeout } = settings;
  const abort = new AbortController();
  const { signal } = abort;
  const giveUp = (): void => abort.abort(leftBy(left?.reason));
  if (left?.aborted === true) giveUp();
  else left?.addEventListener("abort", giveUp, { once: true });
  const stop = startDeadline(timeout, () => {
    abort.abort(new PolicyOutage("engine_timeout", `${url} took over ${timeout} ms`));
  });
  const headers: Record<string, string> = {
    ...settings.headers,
    accept: "application/json",
    "content-type": "application/json",
  };
  if (bearer !== undefined) headers["authorization"] = `Bearer ${bearer}`;
  if (requestId !== undefined && REQUEST_ID.test(requestId)) headers["x-request-id"] = requestId;
  // The global one is looked up each time: tests and tracing replace it.
  const send = (): unknown =>
    (settings.fetch ?? fetch)(url, { method: "POST", headers, body, signal, redirect: "error" });
  try {
    return await fetchBody(url, send, { signal, maxSize: MAX_SIZE });
  } catch (error) {
    throw outageFor(error, factory);
  } finally {
    stop();
    left?.removeEventListener("abort", giveUp);
  }
}

/**
 * Time in which the process itself stands still is none that the engine took: what has arrived in the meantime is read first,
 * or one request that keeps the process busy would make all answers late. That is given once, and for no longer than `timeout`.
 */
function startDeadline(timeout: number, onOver: () => void): () => void {
  const end = performance.now() + timeout;
  let timer = setTimeout(() => {
    const late = performance.now() - end;
    if (late < STANDSTILL_MS) onOver();
    else timer = setTimeout(onOver, Math.min(late, timeout)).unref();
  }, timeout).unref();
  return () => clearTimeout(timer);
}

/** Why nobody waits any more, as an outage: engines may be asked by others than {@link policy}, with any reason. */
function leftBy(reason: unknown): PolicyOutage {
  return isInstance(reason, PolicyOutage)
    ? reason
    : new PolicyOutage("client_left", "nobody waits for the decision", { cause: reason });
}

function outageFor(error: unknown, factory: string): unknown {
  if (!isInstance(error, FetchFailure)) return error;
  const { problem, message, cause, status } = error;
  if (problem === "wrong") {
    const text = `${factory}.fetch must return a Response, got ${message}`;
    return new PolicyOutage("engine_bad_answer", text);
  }
  // A server that is overloaded, away or on its way down. A 500 may be the doing of what a client sent, and must not take
  // the engine away from everybody.
  const isDown = status !== undefined && (status === 429 || status > 501);
  const reason = isDown ? "engine_unreachable" : REASONS[problem];
  return new PolicyOutage(reason, message, { cause });
}

function parseAnswer({ bytes, contentType }: FetchedBody, protocol: Protocol): PolicyDecision {
  const { url } = protocol;
  if (contentType === undefined || !JSON_TYPE.test(contentType)) {
    throw new PolicyOutage("engine_bad_answer", `${url} answered without application/json`);
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // `value` stays undefined, which is no object either.
  }
  const decision = isPlainObject(value) ? protocol.parse(value) : undefined;
  if (decision === undefined) {
    throw new PolicyOutage("engine_bad_answer", `${url} answered neither yes nor no`);
  }
  return decision;
}

/**
 * What the call says about the engine. Another answer than a decision shows that it is there: clients that can provoke
 * one must not take it away from all others.
 */
function outcomeOf(error: unknown): CallOutcome {
  if (!isInstance(error, PolicyOutage)) return "void";
  const { reason } = error;
  if (reason === "client_left") return "void";
  return reason === "engine_unreachable" || reason === "engine_timeout" ? "failure" : "success";
}
