import { createHmac, randomBytes } from "node:crypto";
import type { AuditFailure } from "../delivery/failure-report.js";
import { type AuditEvent, refusalEvent } from "../facts/event-name.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { requestEvents } from "../fields/request-events.js";
import { AlertTeller, type SayAlert, type SpellKey } from "./alert-teller.js";
import type { AlertTraits } from "./alert-traits.js";
import { AppAnswers } from "./app-answers.js";
import { connectionTraits } from "./connection-traits.js";
import { WindowCounter } from "./counting/window-counter.js";
import { CountingRule } from "./counting-rule.js";
import { honeytokenIn } from "./honeytokens.js";
import { RequestTraits } from "./request-traits.js";
import { RouteWatch } from "./route-watch.js";
import type { AlertSettings, CountingSettings } from "./rules/alert-settings.js";

/** Keys that one rule tells apart, while rules are few; of all of them together. */
const MAX_KEYS = 10_000;
const MAX_KEYS_OF_ALL = 300_000;
const ACCOUNT_LENGTH = 16;
const LOGIN_FAILED = "authn_login_fail";
/** Nobody tried a credential, or the right one came too late: browsers do that all day. */
const NO_ATTEMPT: ReadonlySet<string | undefined> = new Set([
  "authentication_required",
  "insufficient_user_authentication",
  "token_expired",
  "token_not_yet_valid",
]);
/** Of a name more would not be told apart. */
const MAX_ACCOUNT_LENGTH = 1024;
/** The event of nearly every request. */
const ORDINARY = "api_request";

/** Watches the requests of one log, and tells what deserves attention. It refuses and changes nothing. */
export class Alerts {
  readonly #settings: AlertSettings;
  readonly #teller: AlertTeller;
  readonly #byEvent = new Map<string, CountingRule[]>();
  readonly #ordinary: readonly CountingRule[] | undefined;
  readonly #missing: CountingRule[] = [];
  readonly #asking: CountingRule[] = [];
  readonly #routes: RouteWatch | undefined;
  readonly #touched: WindowCounter | undefined;
  readonly #gaps: WindowCounter | undefined;
  /** What each sink has lost so far. */
  readonly #lost = new Map<string, number>();
  /** Digests of accounts mean nothing in another process. */
  readonly #accountKey = randomBytes(32);
  readonly #app = new AppAnswers();
  #closed = false;

  /**
   * @param say - Writes the record of an alert. Must not throw.
   * @param spell - How a key is spelt in records.
   */
  constructor(settings: AlertSettings, say: SayAlert, spell: SpellKey = (_kind, key) => key) {
    const { counting, spike, drift, honeytoken, gap } = settings;
    this.#settings = settings;
    this.#teller = new AlertTeller(say, spell);
    const counters = counting.reduce((sum, { by }) => sum + Math.max(1, by.length), 2);
    const keys = Math.min(MAX_KEYS, Math.floor(MAX_KEYS_OF_ALL / counters));
    for (const one of counting) this.#add(one, keys);
    if (spike !== undefined || drift !== undefined)
      this.#routes = new RouteWatch(settings, this.#teller);
    this.#ordinary = this.#byEvent.get(ORDINARY);
    if (honeytoken !== undefined)
      this.#touched = new WindowCounter({ ...honeytoken, spread: undefined, keys });
    if (gap !== undefined) this.#gaps = new WindowCounter({ ...gap, spread: undefined, keys });
  }

  /** Looks at a request that is over. Never throws. */
  observe(facts: RequestFacts): void {
    if (this.#closed) return;
    try {
      const now = performance.now();
      this.#routes?.observe(facts, now);
      const { name } = this.#eventOf(facts);
      const rules = name === ORDINARY ? this.#ordinary : this.#byEvent.get(name);
      const isMissing = facts.verdict.status === 404 && facts.verdict.refusal === undefined;
      if (
        rules === undefined &&
        this.#touched === undefined &&
        this.#asking.length === 0 &&
        !(isMissing && this.#missing.length > 0)
      )
        return;
      const traits = new RequestTraits(facts, name);
      this.#watchHoneytokens(traits, now);
      if (isMissing)
        for (const rule of this.#missing)
          if (rule.countsMissing(facts.route)) this.#count(rule, traits);
      if (rules !== undefined && (name !== LOGIN_FAILED || isAttempt(facts)))
        if (requestEvents(facts.req)?.names.has(name) !== true)
          // The app has told of it already.
          this.#countAll(rules, traits);
      for (const rule of this.#asking) this.#ask(rule, traits);
    } catch {
      // A property of the app that throws: the record of the request says so.
    }
  }

  /**
   * Looks at an event of the app about a request. Never throws.
   *
   * @param facts - Of the request, judged by the event.
   */
  observeEvent(facts: RequestFacts): void {
    const { name } = facts.verdict.event;
    const rules = this.#byEvent.get(name);
    if (this.#closed || rules === undefined) return;
    try {
      this.#countAll(rules, new RequestTraits(facts, name));
    } catch {
      // A property of the app that throws: the record of the event says so.
    }
  }

  /** Looks at an event of a connection, outside of requests. Never throws. */
  observeConnection(event: string, address: string | undefined): void {
    const rules = this.#byEvent.get(event);
    if (this.#closed || rules === undefined) return;
    const traits = connectionTraits(event, address);
    for (const rule of rules) this.#count(rule, traits);
  }

  /** Looks at a failure of a sink. Never throws. */
  failed(failure: AuditFailure): void {
    const { gap } = this.#settings;
    if (gap === undefined || this.#closed) return;
    const { sink, position, code, lost } = failure;
    const key = position < 0 ? sink : `sinks[${position}] ${sink}`;
    // Not each failure loses something: a file that cannot be synchronized, a sink that answers late.
    if (lost <= (this.#lost.get(key) ?? 0)) return;
    this.#lost.set(key, lost);
    const now = performance.now();
    const due = this.#gaps?.count(key, now, undefined);
    if (due === undefined) return;
    const { count, first } = due;
    const finding = { kind: "sink", key, count, first, notes: [], event: code } as const;
    // A record of it would be lost as well, and `log_dropped` tells of losses.
    this.#teller.publish(gap, { ...finding, route: undefined }, now);
  }

  /** Tells nothing any more. */
  close(): void {
    this.#closed = true;
  }

  #add(settings: CountingSettings, keys: number): void {
    const rule = new CountingRule(settings, keys);
    if (settings.when !== undefined) this.#asking.push(rule);
    else if (settings.missing !== undefined) this.#missing.push(rule);
    for (const event of settings.events) {
      const known = this.#byEvent.get(event);
      if (known === undefined) this.#byEvent.set(event, [rule]);
      else known.push(rule);
    }
  }

  #eventOf({ verdict }: RequestFacts): AuditEvent {
    const { event, refusal, reported } = verdict;
    if (!this.#settings.countReported || reported === undefined || refusal !== undefined)
      return event;
    return refusalEvent(reported.code, reported.status, reported.reason);
  }

  #watchHoneytokens(traits: RequestTraits, now: number): void {
    const { honeytoken } = this.#settings;
    if (honeytoken === undefined) return;
    const touched = honeytokenIn(honeytoken.tokens, traits);
    if (touched === undefined) return;
    const { address, isService } = traits;
    const kind = address === undefined ? "all" : "address";
    const { entry, route } = traits.facts;
    // Whoever has sprung one trap must not spring the next one unheard.
    const trap = `${touched.kind} ${touched.name}`;
    const due = this.#touched?.count(`${trap}\n${address ?? ""}`, now, entry.requestId);
    if (due === undefined) return;
    const { count, first, notes } = due;
    const finding = { kind, key: address ?? "all", count, first, notes, route, touched } as const;
    const told = { ...finding, event: traits.event, isService };
    const silentUntil = this.#teller.tell(honeytoken, told, now);
    if (silentUntil !== undefined) due.quietUntil(silentUntil);
  }

  /** Rules about logins know accounts apart, if the app does. */
  #countAll(rules: readonly CountingRule[], traits: RequestTraits): void {
    const { account } = this.#settings;
    const all = (): void => {
      for (const rule of rules) this.#count(rule, traits);
    };
    if (account === undefined || traits.event !== LOGIN_FAILED) {
      all();
      return;
    }
    this.#app.ask(
      () => account(traits.facts.req),
      (name) => {
        traits.account = name === undefined ? undefined : this.#digest(name);
        all();
      },
      all,
    );
  }

  #ask(rule: CountingRule, traits: RequestTraits): void {
    const { when } = rule.settings;
    if (when === undefined) return;
    this.#app.ask(
      () => when(traits.request),
      (holds) => {
        if (holds) this.#count(rule, traits);
      },
    );
  }

  #count(rule: CountingRule, traits: AlertTraits): void {
    const { keyOf } = rule.settings;
    if (keyOf === undefined) {
      this.#countNow(rule, traits);
      return;
    }
    const { request } = traits;
    if (request !== undefined)
      this.#app.ask(
        () => keyOf(request),
        (key) => this.#countNow(rule, traits, key),
      );
  }

  #countNow(rule: CountingRule, traits: AlertTraits, own?: string): void {
    if (this.#closed) return;
    // Not the moment at which the request was over: a function of the app may have taken seconds.
    const now = performance.now();
    rule.count(traits, now, (finding) => this.#teller.tell(rule.settings, finding, now), own);
  }

  #digest(account: string): string {
    // Most apps find an account however it is spelt: whoever tries it in many spellings tries one account.
    const name = account.slice(0, MAX_ACCOUNT_LENGTH).normalize("NFKC").trim().toLowerCase();
    const digest = createHmac("sha256", this.#accountKey).update(name).digest("base64url");
    return digest.slice(0, ACCOUNT_LENGTH);
  }
}

function isAttempt({ verdict: { refusal, reported } }: RequestFacts): boolean {
  const decision = refusal ?? reported;
  return !NO_ATTEMPT.has(decision?.code) && !NO_ATTEMPT.has(decision?.reason);
}
