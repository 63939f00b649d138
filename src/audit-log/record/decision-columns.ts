import type { ReceivedReports } from "../../core/decision/browser-report.js";
import type { Decision } from "../../core/decision/decision.js";
import { isVerdictPending } from "../../core/decision/pending-verdict.js";
import { reportedChanges } from "../../core/decision/report-mode.js";
import type { RequestFacts } from "../facts/request-facts.js";
import { reportTexts } from "../fields/report-texts.js";
import type { Privacy } from "../privacy/privacy.js";
import { jsonText, optionalText } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";
import { createDecisionList } from "./decision-list.js";
import type { Column } from "./record-table.js";

/** What every guard decided, what came of it, and which refusal report mode let through first. */
export function createDecisionColumns(
  privacy: Privacy,
  maxRecordBytes: number,
): readonly Column<RequestFacts>[] {
  const decisionList = createDecisionList();
  return [
    { name: "audit.decisions", read: ({ decisions }) => decisionList(decisions) },
    { name: "audit.outcome", read: ({ verdict }) => verdict.outcome, quoted: true },
    {
      name: "audit.pending",
      read: ({ req }) => (isVerdictPending(req) ? "true" : undefined),
    },
    ...REFUSAL,
    ...REPORTED,
    ...CORS,
    ...createReportColumns(maxRecordBytes),
    { name: "audit.token.id", read: ({ decisions }) => tokenOf(decisions, privacy), quoted: true },
  ];
}

/** The refusal that was answered, or the outage that refused nothing. */
const REFUSAL: readonly Column<RequestFacts>[] = [
  quoted("audit.policy", ({ refusal }) => refusal?.policy),
  quoted("audit.reason", ({ refusal, outage }) => {
    const decision = refusal ?? outage;
    return decision?.reason ?? decision?.code;
  }),
  quoted("audit.row", ({ refusal, outage }) => (refusal ?? outage)?.row),
  quoted("audit.rule", ({ refusal }) => refusal?.rule),
  quoted("audit.system_code", ({ refusal, outage }) => (refusal ?? outage)?.systemCode),
];

/** The first refusal that report mode let through: what would have been answered. */
const REPORTED: readonly Column<RequestFacts>[] = [
  { name: "audit.reported.changes", read: ({ req }) => changesOf(reportedChanges(req)) },
  quoted("audit.reported.code", ({ reported }) => reported?.code),
  {
    name: "audit.reported.count",
    read: ({ verdict: { reportedCount } }) => (reportedCount === 0 ? undefined : reportedCount),
    whole: true,
  },
  quoted("audit.reported.first", ({ reported }) => reported?.guard),
  quoted("audit.reported.policy", ({ reported }) => reported?.policy),
  quoted("audit.reported.reason", ({ reported }) => reported?.reason),
  quoted("audit.reported.row", ({ reported }) => reported?.row),
  quoted("audit.reported.rule", ({ reported }) => reported?.rule),
  { name: "audit.reported.status", read: ({ verdict }) => verdict.reported?.status, whole: true },
  quoted("audit.reported.system_code", ({ reported }) => reported?.systemCode),
];

/** What a page of another origin asked for and did not get. */
const CORS: readonly Column<RequestFacts>[] = [
  {
    name: "audit.cors.headers",
    read: ({ verdict: { cors } }) =>
      cors?.headers && `[${cors.headers.map((name) => jsonText(fieldName(name))).join(",")}]`,
  },
  // All three are what the client wrote: a token has the form of a method.
  quoted("audit.cors.method", ({ cors }) => scrubbed(cors?.method)),
  quoted("audit.cors.origin", ({ cors }) => scrubbed(cors?.origin)),
];

/** What browsers reported about pages: the new reports that have room in a record, and how many others there were. */
function createReportColumns(maxRecordBytes: number): readonly Column<RequestFacts>[] {
  return [
    {
      name: "audit.reports.new",
      read: ({ verdict: { reports } }) => {
        const texts = reportTexts(reports, maxRecordBytes);
        return texts.length === 0 ? undefined : `[${texts.join(",")}]`;
      },
    },
    counted("audit.reports.dropped", (reports) => {
      const { dropped, recorded } = reports;
      return dropped + recorded.length - reportTexts(reports, maxRecordBytes).length;
    }),
    counted("audit.reports.ignored", ({ ignored }) => ignored),
    counted("audit.reports.repeated", ({ repeated }) => repeated),
  ];
}

function counted(name: string, read: (reports: ReceivedReports) => number): Column<RequestFacts> {
  return {
    name,
    read: ({ verdict: { reports } }) => (reports && read(reports)) || undefined,
    whole: true,
  };
}

function quoted(
  name: string,
  read: (verdict: RequestFacts["verdict"]) => string | undefined,
): Column<RequestFacts> {
  return { name, read: ({ verdict }) => optionalText(read(verdict)), quoted: true };
}

/** In lower case, where a token has lost its form: no field name is so long and has a digit. */
function fieldName(name: string): string {
  return name.length >= 40 && /\d/.test(name) ? "REDACTED" : scrubText(name);
}

function scrubbed(text: string | undefined): string | undefined {
  return text === undefined ? undefined : scrubText(text);
}

function changesOf(changes: readonly string[]): string | undefined {
  return changes.length === 0 ? undefined : `[${changes.map((name) => jsonText(name)).join(",")}]`;
}

/** The token, by its `jti` or a hash. */
function tokenOf(decisions: readonly Decision[], privacy: Privacy): string | undefined {
  for (const { token } of decisions)
    if (token !== undefined) return optionalText(privacy.token(token));
  return undefined;
}
