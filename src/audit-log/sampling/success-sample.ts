import { isSafeMethod, overridesMethod } from "../../core/http/first-party.js";
import { opens } from "../../core/http/path-pattern.js";
import type { RequestEntry } from "../facts/request-entry.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { fieldMembers } from "../fields/app-fields.js";
import type { Unrecorded } from "../repeats/unrecorded.js";
import { asArrived } from "../routes/as-arrived.js";
import type { SampleSettings } from "./read-sample.js";

/** Who needs a role or a permission does something that not everybody may. */
const PRIVILEGED = /\b(?:role|permission)\(/;
/** Why a request was let through that says something about the service, or about what the client is about to meet. */
const NOTEWORTHY: ReadonlySet<string | undefined> = new Set([
  "accepted_without",
  "answered_late",
  "near_limit",
  "stale_keys",
  "store_bypassed",
  "store_open",
]);
/** The last seven bytes of a trace id are random (Trace Context, level 2); 13 digits of them fit a number exactly. */
const RANDOM_START = 18;
const RANDOM_END = 31;
const RANGE = 16 ** (RANDOM_END - RANDOM_START);

/** Leaves out records of ordinary successes, and counts them. */
export class SuccessSample {
  readonly #ratios: SampleSettings["ratios"];
  readonly #unrecorded: Unrecorded;

  constructor({ ratios }: SampleSettings, unrecorded: Unrecorded) {
    this.#ratios = ratios;
    this.#unrecorded = unrecorded;
  }

  /**
   * Whether the request gets no record. All services that take over the same trace decide alike.
   *
   * @param facts - Of a request that nothing refused and nothing failed.
   */
  leavesOut(facts: RequestFacts): boolean {
    if (!isOrdinary(facts)) return false;
    const ratio = this.#ratioOf(facts);
    // The highest numbers are kept, as in OpenTelemetry's consistent probability sampling.
    if (randomOf(facts.entry) >= 1 - ratio) return false;
    this.#unrecorded.sampledOut += 1;
    return true;
  }

  #ratioOf({ req, entry }: RequestFacts): number {
    const [first] = this.#ratios;
    if (first !== undefined && first[0] === undefined) return first[1];
    const arrived = asArrived(req, entry.method);
    const found = this.#ratios.find(
      ([pattern]) => pattern !== undefined && opens(pattern, arrived),
    );
    return found === undefined ? 1 : found[1];
  }
}

/** From 0 to 1. Whoever chooses the number chooses whether there is a record. */
function randomOf({ traceId, traceChosen }: RequestEntry): number {
  if (traceChosen) return Math.random();
  return Number.parseInt(traceId.slice(RANDOM_START, RANDOM_END), 16) / RANGE;
}

/** Whether the request only read something that everybody may read, and the app has said nothing about it. */
function isOrdinary({ entry, req, decisions, verdict }: RequestFacts): boolean {
  if (!isSafeMethod(entry.method) || verdict.event.name !== "api_request") return false;
  if (overridesMethod(req) || fieldMembers(req) !== undefined) return false;
  return !decisions.some(
    ({ rule, reason }) => NOTEWORTHY.has(reason) || (rule !== undefined && PRIVILEGED.test(rule)),
  );
}
