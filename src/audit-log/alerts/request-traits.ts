import { addressNetwork, clientAddress } from "../../core/http/client-address.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { methodOf } from "../record/exchange-columns.js";
import { targetOf } from "../routes/as-arrived.js";
import { type AlertTraits, IPV6_PREFIX } from "./alert-traits.js";
import type { AlertRequest } from "./rules/alert-options.js";

/** A path is as long as the client likes. */
const MAX_TARGET_LENGTH = 2048;

/** What rules count a request by. Each is looked up when a rule asks, because most requests concern none. */
export class RequestTraits implements AlertTraits {
  readonly facts: RequestFacts;
  /** What the request counts as: the event of its record, or of what report mode let through. */
  readonly event: string;
  /** The account of a failed login, if the app names it, as a digest. */
  account: string | undefined;
  #address: string | undefined;
  #request: AlertRequest | undefined;

  constructor(facts: RequestFacts, event: string) {
    this.facts = facts;
    this.event = event;
  }

  get requestId(): string {
    return this.facts.entry.requestId;
  }

  get route(): string | undefined {
    return this.facts.route;
  }

  get address(): string | undefined {
    if (this.#address !== undefined) return this.#address;
    const address = clientAddress(this.facts.req);
    this.#address = address === undefined ? undefined : addressNetwork(address, IPV6_PREFIX);
    return this.#address;
  }

  get subject(): string | undefined {
    return this.facts.actor?.id || undefined;
  }

  get isService(): boolean {
    return this.facts.actor?.kind === "service";
  }

  get token(): string | undefined {
    for (const { token } of this.facts.decisions) if (token !== undefined) return token;
    return undefined;
  }

  /** The path that was asked for, without its query. */
  get target(): string | undefined {
    return targetOf(this.facts.req)?.slice(0, MAX_TARGET_LENGTH);
  }

  /** The request as a rule of the app sees it. */
  get request(): AlertRequest {
    if (this.#request !== undefined) return this.#request;
    const { req, verdict, entry, route } = this.facts;
    this.#request = Object.freeze({
      req,
      event: this.event,
      outcome: verdict.outcome,
      status: verdict.status,
      code: verdict.refusal?.code,
      reason: verdict.refusal?.reason,
      method: methodOf(entry.method),
      route,
      address: this.address,
      subject: this.subject,
    });
    return this.#request;
  }
}
