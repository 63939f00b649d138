import { isIP } from "node:net";
import { truncateAddress } from "../../../core/http/client-address.js";
import { countEnding, createEndingCounts, type EndingCounts } from "../counts/ending-counts.js";
import { FrequentItems } from "../counts/frequent-items.js";
import { type Ranking, rankingOf } from "../counts/ranking.js";
import { textOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** Who and what came up most. */
export interface RankingSummary {
  /** Why requests were refused or failed. */
  readonly reasons: Ranking<ReasonRow>;
  /** Of these, why requests failed on the server. */
  readonly failures: Ranking<ReasonRow>;
  readonly guards: Ranking<GuardRow>;
  readonly events: Ranking<EventRow>;
  /** Addresses that were refused, in full as the record of a refusal has them. */
  readonly refusedAddresses: Ranking<ClientRow>;
  /** /24 and /48 networks, or pseudonyms, with the most requests. */
  readonly networks: Ranking<ClientRow>;
  readonly actors: Ranking<ActorRow>;
}

/** When something was seen first and last. */
interface Span {
  readonly first: string;
  readonly last: string;
}

interface ReasonRow extends Span {
  readonly event: string;
  readonly reason: string;
}

interface GuardRow {
  readonly allowed: number;
  readonly denied: number;
  /** It could not decide, and refused. */
  readonly failed: number;
  /** What report mode let through. */
  readonly reported: number;
}

interface EventRow {
  readonly severity: string;
}

interface ClientRow extends Readonly<EndingCounts>, Span {
  /** What most often stands in the way of its requests: the last one seen. */
  readonly reason: string;
}

interface ActorRow extends ClientRow {
  readonly id: string;
  readonly type: string;
  readonly clientId: string;
}

/** Far more than a page shows, so that what it shows is right. */
const MAX_NAMES = 5000;
const MAX_FEW_NAMES = 1000;

/** Counts by reason, guard, event, client and actor. */
export function createRankingSection() {
  const reasons = items(() => new ReasonTally());
  const failures = items(() => new ReasonTally());
  const guards = new FrequentItems(MAX_FEW_NAMES, () => ({
    allowed: 0,
    denied: 0,
    failed: 0,
    reported: 0,
  }));
  const events = new FrequentItems(MAX_FEW_NAMES, () => ({ severity: "" }));
  const refusedAddresses = items(() => new ClientTally());
  const networks = items(() => new ClientTally());
  const actors = items(() => new ActorTally());

  function countReason(record: LoggedRecord): void {
    const { ending, event, severity, requests } = record;
    const failed = ending === "refused" || ending === "serverErrors" || severity === "ERROR";
    if (!failed && (ending === "succeeded" || record.reason === undefined)) return;
    const reason = record.reason ?? textOf(record.members, "error.type") ?? "not told";
    for (const counted of ending === "serverErrors" ? [reasons, failures] : [reasons]) {
      // Names of events have no blanks.
      const detail = counted.add(`${event} ${reason}`, requests);
      detail.event = event;
      detail.reason = reason;
      seen(detail, record.time);
    }
  }

  function countGuards({ decisions, requests }: LoggedRecord): void {
    for (const decision of decisions) {
      const [guard = "", outcome = ""] = decision.split(":", 2);
      const kind = KINDS.get(outcome);
      if (kind !== undefined && guard !== "") guards.add(guard, requests)[kind] += requests;
    }
  }

  function countClient(record: LoggedRecord): void {
    const { address, ending, requests } = record;
    if (address === undefined) return;
    // A pseudonym stays as it is.
    const network = isIP(address) === 0 ? address : truncateAddress(address);
    noteClient(networks.add(network, requests), record);
    if (ending === "refused") noteClient(refusedAddresses.add(address, requests), record);
  }

  function countActor(record: LoggedRecord): void {
    const id = textOf(record.members, "audit.actor.id");
    if (id === undefined) return;
    const type = textOf(record.members, "audit.actor.type") ?? "";
    const detail = actors.add(`${type} ${id}`, record.requests);
    detail.id = id;
    detail.type = type;
    detail.clientId = textOf(record.members, "audit.actor.client_id") ?? detail.clientId;
    noteClient(detail, record);
  }

  return {
    add(record: LoggedRecord): void {
      events.add(record.event, record.times).severity = record.severity ?? "";
      if (record.requests === 0) return;
      countReason(record);
      countGuards(record);
      countClient(record);
      countActor(record);
    },
    result(most: number): RankingSummary {
      return {
        reasons: rankingOf(reasons, most, reasonRow),
        failures: rankingOf(failures, most, reasonRow),
        guards: rankingOf(guards, most, (counts) => ({ ...counts })),
        events: rankingOf(events, most, (detail) => ({ ...detail })),
        refusedAddresses: rankingOf(refusedAddresses, most, clientRow),
        networks: rankingOf(networks, most, clientRow),
        actors: rankingOf(actors, most, actorRow),
      };
    },
  };
}

const KINDS: ReadonlyMap<string, "allowed" | "denied" | "failed" | "reported"> = new Map([
  ["allow", "allowed"],
  ["deny", "denied"],
  ["error", "failed"],
  ["report", "reported"],
] as const);

/** When it was seen first and last, in milliseconds. Classes: there is one for each line with a new name. */
class Times {
  from = Number.POSITIVE_INFINITY;
  to = Number.NEGATIVE_INFINITY;
}

class ReasonTally extends Times {
  event = "";
  reason = "";
}

class ClientTally extends Times {
  readonly endings: EndingCounts = createEndingCounts();
  reason = "";
}

class ActorTally extends ClientTally {
  id = "";
  type = "";
  clientId = "";
}

function items<Detail>(create: () => Detail): FrequentItems<Detail> {
  return new FrequentItems(MAX_NAMES, create);
}

function seen(times: Times, time: number): void {
  times.from = Math.min(times.from, time);
  times.to = Math.max(times.to, time);
}

function noteClient(detail: ClientTally, record: LoggedRecord): void {
  countEnding(detail.endings, record);
  seen(detail, record.time);
  if (record.ending === "refused") detail.reason = record.cause;
}

function spanOf({ from, to }: Times): Span {
  return { first: new Date(from).toISOString(), last: new Date(to).toISOString() };
}

function reasonRow(tally: ReasonTally): ReasonRow {
  const { event, reason } = tally;
  return { event, reason, ...spanOf(tally) };
}

function clientRow(tally: ClientTally): ClientRow {
  const { endings, reason } = tally;
  return { ...endings, reason, ...spanOf(tally) };
}

function actorRow(tally: ActorTally): ActorRow {
  const { id, type, clientId } = tally;
  return { id, type, clientId, ...clientRow(tally) };
}
