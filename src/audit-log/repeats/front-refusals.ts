import type { Decision } from "../../core/decision/decision.js";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { methodOf } from "../record/exchange-columns.js";
import { frontRefusalIn } from "./front-refusal.js";
import { type Occurrence, RepeatCounter, type Repeats } from "./repeat-counter.js";
import type { Refused } from "./repeat-record.js";

/** One customer usually holds a whole network of this size (RFC 6177 §2). */
const IPV6_PREFIX = 64;
const MAX_DECISIONS = 40;

/**
 * Takes requests that were refused in front of every limit, where nothing else bounds the records of a flood: after the
 * first ones of a minute, those that are alike are one record.
 */
export class FrontRefusals {
  readonly #counter: RepeatCounter<Refused>;
  #closed = false;

  /** @param tell - Writes the record of the requests that were counted. Must not throw. */
  constructor(tell: (repeats: Repeats<Refused>) => void) {
    this.#counter = new RepeatCounter(tell);
  }

  /** @returns Whether the request was counted: if not, it gets a record of its own. */
  take(facts: RequestFacts): boolean {
    if (this.#closed) return false;
    const refusal = frontRefusalIn(facts.decisions);
    if (refusal === undefined) return false;
    // Who is known has been let in by somebody, and is named in each record.
    return facts.actor === null && this.#counter.count(occurrenceOf(facts, refusal));
  }

  /** Writes what was counted, and counts no more. */
  close(): void {
    this.#closed = true;
    this.#counter.flush();
  }
}

function occurrenceOf(facts: RequestFacts, refusal: Decision): Occurrence<Refused> {
  const { entry, req, verdict, route } = facts;
  const decisions = facts.decisions.slice(0, MAX_DECISIONS);
  const full = clientAddress(req);
  const address = full === undefined ? undefined : addressNetwork(full, IPV6_PREFIX);
  const { event, status, aborted } = verdict;
  const { guard, code, outcome } = refusal;
  const shared = [event.name, event.severity, guard, code, outcome, String(status)];
  const method = methodOf(entry.method);
  const own = [method, String(aborted), address ?? "", route ?? "", ...decisions.map(textOf)];
  return {
    key: [...shared, ...own].join("\n"),
    what: () => ({ verdict, decisions, method, address, route, mixed: false }),
    sharedKey: shared.join("\n"),
    sharedWhat: () => {
      const common: Decision = { guard, outcome, enforced: true, code };
      return {
        verdict: { ...verdict, aborted: false, refusal: common },
        decisions: [common],
        method: undefined,
        address: undefined,
        route: undefined,
        mixed: true,
      };
    },
    at: entry.startedAt,
  };
}

function textOf(decision: Decision): string {
  const { guard, outcome, enforced, code, reason, rule, policy, systemCode } = decision;
  return [guard, outcome, enforced, code, reason, rule, policy, systemCode].join("\t");
}
