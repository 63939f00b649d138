import { describe, expect, it } from "vitest";
import {
  createSource,
  lineOf,
  refusal,
  requestRecord,
  type SampleRecord,
  sampleLog,
  systemRecord,
} from "../../../test/support/sample-log.js";
import { createLogSummary } from "./create-log-summary.js";
import type { LogSummary } from "./log-summary.js";
import { standsOut } from "./stands-out.js";

const NOON = Date.parse("2026-11-26T12:00:00.000Z");
const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, most: 10 };

describe("what stands out", () => {
  it("names the peak, the client that caused it, failures, alerts and report mode", () => {
    const remarks = standsOut(summaryOf(sampleLog()), undefined).map(({ text }) => text);
    expect(remarks).toEqual([
      expect.stringMatching(/^1 alert: critical are auth-burst \(1\); .* about 198\.51\.100\.77/),
      expect.stringMatching(
        /^31 requests failed on the server, on POST \/payments; the most frequent reason is TimeoutError\.$/,
      ),
      expect.stringMatching(
        /^Refusals and failures peak at 2026-11-26 10:02:00 UTC: 308 requests in 30 seconds, /,
      ),
      expect.stringMatching(/^110 requests would have been refused .*: unknown_field\.$/),
    ]);
  });

  it("says so when a client causes most of the refusals", () => {
    const source = createSource();
    const refused = requestRecord({}, refusal("authz_fail", "missing_role", 403, "requireRole"));
    const records = Array.from({ length: 40 }, (_, index) => ({
      ...refused,
      ...source(NOON),
      "client.address": index < 30 ? "192.0.2.1" : `192.0.2.${index}`,
    }));
    expect(standsOut(summaryOf(records), undefined)).toContainEqual({
      level: "warn",
      part: "clients",
      text: "192.0.2.1 caused 75 % of all refusals, from 2026-11-26 12:00:00 UTC to 2026-11-26 12:00:00 UTC.",
    });
  });

  it("begins with whether the log can be believed", () => {
    const summary = summaryOf([requestRecord(createSource()(NOON))]);
    const chain = { streams: 1, findings: [], moreFindings: 0 } as const;
    expect(
      standsOut(summary, { ...chain, integrity: "tampered", completeness: "complete" })[0],
    ).toMatchObject({ level: "bad", part: "log" });
    expect(
      standsOut(summary, { ...chain, integrity: "intact", completeness: "complete" }).map(
        ({ level }) => level,
      ),
    ).toEqual(["good", "good"]);
  });

  it("names the route where most requests failed, however rarely it is used", () => {
    const source = createSource();
    const failed = {
      "audit.outcome": "failure",
      "audit.severity": "ERROR",
      "error.type": "TypeError",
      "http.response.status_code": 500,
    };
    const usual = Array.from({ length: 40 }, (_, index) =>
      requestRecord(source(NOON), { "http.route": `/r${index % 4}` }),
    );
    const rare = Array.from({ length: 6 }, (_, index) =>
      requestRecord(source(NOON), { ...failed, "http.route": index < 5 ? "/rare" : "/r0" }),
    );
    // An outage that refused nothing is more frequent, and no failure.
    const odd = Array.from({ length: 9 }, () =>
      requestRecord(source(NOON), { "audit.severity": "ERROR", "audit.reason": "store_down" }),
    );
    const summary = summaryOf([...usual, ...rare, ...odd], { most: 2 });
    expect(standsOut(summary, undefined).map(({ text }) => text)).toContainEqual(
      "6 requests failed on the server, most often (5) on GET /rare; the most frequent reason is TypeError; 6 in the 1 second from 2026-11-26 12:00:00 UTC.",
    );
    expect(summary.traffic.timeline.moments[0]?.mostly.reason).toBe("TypeError");
  });

  it("puts what is gravest first, whatever it is about", () => {
    const source = createSource();
    const alert = systemRecord(source(NOON), "security_alert", {
      "audit.severity": "CRITICAL",
      "security_rule.name": "token-reuse",
    });
    const chain = { streams: 1, findings: [], moreFindings: 0 } as const;
    const remarks = standsOut(summaryOf([alert, requestRecord(source(NOON))]), {
      ...chain,
      integrity: "unsigned",
      completeness: "open",
    });
    expect(remarks.map(({ part }) => part)).toEqual(["alerts", "log"]);
  });

  it("tells a loss that left no gap from one that is missing here", () => {
    const source = createSource();
    const dropped = (lost: number, sink: string) =>
      systemRecord(source(NOON), "log_dropped", {
        "audit.lost.count": lost,
        "audit.sink.name": sink,
      });
    expect(standsOut(summaryOf([dropped(12, "Http")]), undefined)[0]).toMatchObject({
      level: "note",
      text: expect.stringContaining("the numbers in these files have no gap"),
    });
    expect(standsOut(summaryOf([dropped(1, "record")]), undefined)[0]).toMatchObject({
      level: "warn",
      text: "The log says itself that it lost 1 record.",
    });
  });
});

function summaryOf(records: readonly SampleRecord[], settings = {}): LogSummary {
  const builder = createLogSummary({ ...ALL, ...settings });
  for (const record of records) builder.line(lineOf(record), () => "");
  return builder.result();
}
