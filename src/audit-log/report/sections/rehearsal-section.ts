import { FrequentItems } from "../counts/frequent-items.js";
import { type Ranking, rankingOf } from "../counts/ranking.js";
import { textOf, textsOf, wholeOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** What report mode let through, and enforcing would refuse. */
export interface RehearsalSummary {
  /** Requests that would have been refused. */
  readonly requests: number;
  readonly refusals: Ranking<RehearsedRow>;
  /** What would change although nothing would be refused. */
  readonly changes: Ranking<object>;
  /** Guards in report mode, as the log said when it started. */
  readonly reporting: readonly string[];
  /** Rows of a table of routes that no route belongs to. */
  readonly unusedRows: readonly string[];
}

/** One reason for which requests to one route would be refused. */
interface RehearsedRow {
  readonly route: string;
  readonly guard: string;
  readonly code: string;
  readonly reason: string;
  /** The answer would have this status; 0 when it is not told. */
  readonly status: number;
  /** The rule, the policy or the row that would refuse, as far as it is told. */
  readonly rule: string;
}

const MAX_ROWS = 2000;
const MAX_LISTED = 200;

/** Counts by route and reason what would break. */
export function createRehearsalSection() {
  let requests = 0;
  const refusals = new FrequentItems<RehearsedRow>(MAX_ROWS, () => ({
    route: "",
    guard: "",
    code: "",
    reason: "",
    status: 0,
    rule: "",
  }));
  const changes = new FrequentItems(MAX_ROWS, () => undefined);
  const reporting = new Set<string>();
  const unusedRows = new Set<string>();

  return {
    add({ kind, members, requests: count, route }: LoggedRecord): void {
      if (kind === "system") {
        keep(reporting, textsOf(members, "audit.reporting"));
        keep(unusedRows, textsOf(members, "audit.unused"));
      }
      if (count === 0) return;
      for (const change of textsOf(members, "audit.reported.changes")) changes.add(change, count);
      const guard = textOf(members, "audit.reported.first");
      if (guard === undefined) return;
      requests += count;
      const code = textOf(members, "audit.reported.code") ?? "";
      const reason = textOf(members, "audit.reported.reason") ?? code;
      const rule = RULES.flatMap((name) => textOf(members, name) ?? [])[0] ?? "";
      const status = wholeOf(members, "audit.reported.status") ?? 0;
      const row: RehearsedRow = { route, guard, code, reason, status, rule };
      Object.assign(refusals.add(JSON.stringify([route, guard, code, reason]), count), row);
    },
    result(most: number): RehearsalSummary {
      return {
        requests,
        refusals: rankingOf(refusals, most, (row) => ({ ...row })),
        changes: rankingOf(changes, most, () => ({})),
        reporting: [...reporting].sort(),
        unusedRows: [...unusedRows].sort(),
      };
    },
  };
}

const RULES = ["audit.reported.row", "audit.reported.policy", "audit.reported.rule"];

function keep(into: Set<string>, names: readonly string[]): void {
  for (const name of names) if (into.size < MAX_LISTED) into.add(name);
}
