import type { Decision } from "../../core/decision/decision.js";
import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { methodOf } from "../record/exchange-columns.js";
import { frontRefusalIn } from "./front-refusal.js";
import {
  type Occurrence,
  RepeatCounter,
  type RepeatLimits,
  type Repeats,
} from "./repeat-counter.js";
import type { Refused } from "./repeat-record.js";
import type { Unrecorded } from "./unrecorded.js";

/** One customer usually holds a whole network of this size (RFC 6177 §2). */
const IPV6_PREFIX = 64;
const MAX_DECISIONS = 40;

/** Of refusals in front of every limit, where nothing else bounds how many there are. */
const IN_FRONT: RepeatLimits = { fullPerKey: 100, full: 2000, keys: 1000 };
/** Of all others. A busy service refuses many that have nothing in common: they keep records of their own for longer. */
const BEHIND: RepeatLimits = {
  fullPerKey: 100,
  full: 100_000,
  keys: 10_000,
  fullPerSharedKey: 10_000,
};

/**
 * Takes requests that were refused: after the first ones of a minute, those that are alike are one record. Only what is
 * alike in everything that the record says is counted together, who called and with which token included.
 */
export class Refusals {
  readonly #front: RepeatCounter<Refused>;
  readonly #behind: RepeatCounter<Refused>;
  readonly #unrecorded: Unrecorded;
  #closed = false;

  /** @param tell - Writes the record of the requests that were counted. Must not throw. */
  constructor(tell: (repeats: Repeats<Refused>) => void, unrecorded: Unrecorded) {
    this.#front = new RepeatCounter(tell, IN_FRONT);
    this.#behind = new RepeatCounter(tell, BEHIND);
    this.#unrecorded = unrecorded;
  }

  /** @returns Whether the request was counted: if not, it gets a record of its own. */
  take(facts: RequestFacts): boolean {
    const { refusal } = facts.verdict;
    // Who is calling could not be told: that is a failure of the app, and of interest each time.
    if (this.#closed || refusal === undefined || facts.actor === undefined) return false;
    const isFront = facts.actor === null && frontRefusalIn(facts.decisions) === refusal;
    const counter = isFront ? this.#front : this.#behind;
    if (!counter.count(occurrenceOf(facts, refusal))) return false;
    this.#unrecorded.aggregated += 1;
    return true;
  }

  /** Writes what was counted, and counts no more. */
  close(): void {
    this.#closed = true;
    this.#front.flush();
    this.#behind.flush();
  }
}

function occurrenceOf(facts: RequestFacts, refusal: Decision): Occurrence<Refused> {
  const { entry, req, verdict, route } = facts;
  const decisions = facts.decisions.slice(0, MAX_DECISIONS);
  const full = clientAddress(req);
  const address = full === undefined ? undefined : addressNetwork(full, IPV6_PREFIX);
  const actor = facts.actor ?? undefined;
  const token = facts.decisions.find((decision) => decision.token !== undefined)?.token;
  const { event, status, aborted } = verdict;
  const { guard, code, outcome } = refusal;
  const anonymous = actor === undefined;
  const shared = [event.name, event.severity, guard, code, outcome, status, anonymous].map(String);
  const method = methodOf(entry.method);
  const who = [actor?.kind, actor?.id, actor?.clientId, actor?.tenant, token];
  const own = [method, String(aborted), address ?? "", route ?? "", ...who];
  return {
    // As JSON: an id of a caller may hold whatever stands between others here.
    key: JSON.stringify([shared, own, decisions.map(textOf)]),
    what: () => ({
      verdict,
      decisions,
      method,
      address,
      route,
      actor,
      anonymous,
      token,
      mixed: false,
    }),
    sharedKey: shared.join("\n"),
    sharedWhat: () => {
      const common: Decision = { guard, outcome, enforced: true, code };
      return {
        verdict: { ...verdict, aborted: false, refusal: common },
        decisions: [common],
        method: undefined,
        address: undefined,
        route: undefined,
        actor: undefined,
        anonymous,
        token: undefined,
        mixed: true,
      };
    },
    at: entry.startedAt,
  };
}

function textOf(decision: Decision): string {
  const { guard, outcome, enforced, code, reason, rule, row, policy, systemCode } = decision;
  return [guard, outcome, enforced, code, reason, rule, row, policy, systemCode].join("\t");
}
