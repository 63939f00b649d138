import type { Decision } from "../../core/decision/decision.js";
import type { Principal } from "../../core/principal/principal.js";
import type { Verdict } from "../facts/verdict.js";
import type { Privacy } from "../privacy/privacy.js";
import { createDecisionList } from "../record/decision-list.js";
import { actionOf, methodOf, typeOfError } from "../record/exchange-columns.js";
import type { Column, RecordTable } from "../record/record-table.js";
import type { Numbered } from "../record/source-columns.js";
import { createIsoTime } from "../text/iso-time.js";
import { optionalText } from "../text/json-text.js";
import type { Repeats } from "./repeat-counter.js";

/** What requests have in common that were refused alike. */
export interface Refused {
  readonly verdict: Verdict;
  readonly decisions: readonly Decision[];
  /** As received; absent where requests share a key that have little in common. */
  readonly method: string | undefined;
  /** Of IPv6 the network of 64 bits. */
  readonly address: string | undefined;
  readonly route: string | undefined;
  /** Who called; absent where nobody was authenticated, and where callers differ. */
  readonly actor: Principal | undefined;
  /** Whether nobody was authenticated in any of them. */
  readonly anonymous: boolean;
  /** The token, by its `jti` or a hash. */
  readonly token: string | undefined;
  /** Whether methods, addresses, routes, callers and reasons differ. */
  readonly mixed: boolean;
}

interface RepeatFacts extends Numbered {
  readonly repeats: Repeats<Refused>;
}

/** Writes one record of several requests, as a line of JSON. */
export type RepeatRecord = (recordId: string, repeats: Repeats<Refused>) => string;

/**
 * Makes the records of requests that were refused alike.
 *
 * @param source - The columns of every record of the log.
 * @param table - Writes them in the schema of the log.
 */
export function createRepeatRecord(
  source: readonly Column<Numbered>[],
  privacy: Privacy,
  table: RecordTable,
): RepeatRecord {
  const isoTime = createIsoTime();
  const decisionList = createDecisionList();
  const record = table<RepeatFacts>([
    ...source,
    quoted("@timestamp", ({ repeats }) => isoTime(repeats.first)),
    {
      name: "audit.aborted",
      read: ({ repeats }) => (repeats.what.verdict.aborted ? "true" : undefined),
    },
    quoted("audit.action", ({ repeats }) => actionOf(repeats.what.method)),
    ...actorColumns(privacy),
    { name: "audit.decisions", read: ({ repeats }) => decisionList(repeats.what.decisions) },
    quoted("audit.outcome", ({ repeats }) => repeats.what.verdict.outcome),
    ofRefusal("audit.policy", ({ policy }) => policy),
    ofRefusal("audit.reason", ({ reason, code }) => reason ?? code),
    { name: "audit.repeat.count", read: ({ repeats }) => repeats.count, whole: true },
    quoted("audit.repeat.first", ({ repeats }) => isoTime(repeats.first)),
    quoted("audit.repeat.last", ({ repeats }) => isoTime(repeats.last)),
    {
      name: "audit.repeat.mixed",
      read: ({ repeats }) => (repeats.what.mixed ? "true" : undefined),
    },
    ofRefusal("audit.row", ({ row }) => row),
    ofRefusal("audit.rule", ({ rule }) => rule),
    quoted("audit.severity", ({ repeats }) => repeats.what.verdict.event.severity),
    ofRefusal("audit.system_code", ({ systemCode }) => systemCode),
    quoted("audit.token.id", ({ repeats }) => {
      const { token } = repeats.what;
      return token === undefined ? undefined : optionalText(privacy.token(token));
    }),
    quoted("client.address", ({ repeats: { what } }) =>
      what.address === undefined ? undefined : privacy.address(what.address, false),
    ),
    quoted("error.type", ({ repeats }) => optionalText(typeOfError(repeats.what.verdict))),
    quoted("event.name", ({ repeats }) => repeats.what.verdict.event.name),
    quoted("http.request.method", ({ repeats }) => methodOf(repeats.what.method)),
    {
      name: "http.response.status_code",
      read: ({ repeats }) => repeats.what.verdict.status,
      whole: true,
    },
    quoted("http.route", ({ repeats }) => optionalText(repeats.what.route)),
  ]);

  return function repeatRecord(recordId, repeats) {
    return record({ recordId, repeats });
  };
}

/** Callers that differ are not named: nobody in particular was refused. */
function actorColumns(privacy: Privacy): readonly Column<RepeatFacts>[] {
  return [
    quoted("audit.actor.client_id", ({ repeats: { what } }) => optionalText(what.actor?.clientId)),
    quoted("audit.actor.id", ({ repeats: { what } }) => {
      const { actor } = what;
      return actor === undefined ? nobody(what) : optionalText(privacy.subject(actor));
    }),
    quoted("audit.actor.tenant", ({ repeats: { what } }) => optionalText(what.actor?.tenant)),
    quoted("audit.actor.type", ({ repeats: { what } }) => what.actor?.kind ?? nobody(what)),
  ];
}

function nobody({ anonymous }: Refused): string {
  return anonymous ? "anonymous" : "unknown";
}

function quoted(
  name: string,
  read: (facts: RepeatFacts) => string | undefined,
): Column<RepeatFacts> {
  return { name, read, quoted: true };
}

function ofRefusal(
  name: string,
  read: (refusal: Decision) => string | undefined,
): Column<RepeatFacts> {
  return quoted(name, ({ repeats: { what } }) => {
    const { refusal } = what.verdict;
    return refusal === undefined ? undefined : optionalText(read(refusal));
  });
}
