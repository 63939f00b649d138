import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSource,
  lineOf,
  refusal,
  requestRecord,
  sampleLog,
  systemRecord,
} from "../../../../test/support/sample-log.js";
import { type AuditReport, GENERATOR } from "../../../audit-log/report/audit-report.js";
import { createLogSummary } from "../../../audit-log/report/create-log-summary.js";
import { standsOut } from "../../../audit-log/report/stands-out.js";
import { formatReportPage } from "./format-report-page.js";

const NOON = Date.parse("2026-11-26T12:00:00.000Z");

describe("the page of a report", () => {
  it("says the same each time it is made of the same log", () => {
    expect(formatReportPage(sampleReport())).toBe(formatReportPage(sampleReport()));
  });

  it("has a name for every link, table, chart and heading, each once", () => {
    const page = formatReportPage(sampleReport());
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, ids_] of page.matchAll(/aria-labelledby="([^"]*)"/g)) {
      for (const id of (ids_ ?? "").split(" ")) expect(ids).toContain(id);
    }
    for (const [, id] of page.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(id);
  });

  it("has no address, no style attribute and no handler in it", () => {
    const page = formatReportPage(reportOf(hostile("javascript:alert(1)//https://evil.example")));
    const markup = markupOf(page);
    for (const [, href] of markup.matchAll(/\shref=("[^"]*"|\S+)/g)) expect(href).toMatch(/^"#/);
    expect(markup).not.toMatch(/\s(?:src|style|on\w+|action|srcset|background|data)=/);
  });

  it("has the same markup whatever the members of the log are", () => {
    const plain = tagsOf(formatReportPage(reportOf(hostile("x"))));
    const text = fc.oneof(
      fc.string({ minLength: 1, unit: "binary", maxLength: 40 }),
      fc.constantFrom(
        "<script>alert(1)</script>",
        "</script><script>",
        "</style></title></svg>",
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "<!--",
        "]]>",
        "&lt;b&gt;",
        "\u202e\u2066\u2028\u0000\u001b[31m",
        "\ud800",
        "{{7*7}}",
      ),
    );
    fc.assert(
      fc.property(text, (value) => {
        const page = formatReportPage(reportOf(hostile(value)));
        expect(tagsOf(page)).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  it("shows what could steer a reader as an escape", () => {
    const page = formatReportPage(reportOf(hostile("a\u202eb\u0007c\u2028d\ud800e")));
    expect(page).toContain("a\\u{202e}b\\u{7}c\\u{2028}d\\u{d800}e");
    for (const steering of ["\u202e", "\u0007", "\u2028", "\ud800"]) {
      expect(page).not.toContain(steering);
    }
  });

  it("is there for a log without any record, too", () => {
    const page = formatReportPage(reportOf([]));
    expect(page).toContain("There are no requests in this log and time.");
    expect(markupOf(page)).not.toMatch(/NaN|Infinity|undefined|null/);
  });

  it("says of counts that are not exact that they are not", () => {
    const source = createSource();
    const lines = Array.from({ length: 12_000 }, (_, index) =>
      lineOf(
        requestRecord(source(NOON), {
          ...refusal("authz_fail", "missing_role", 403, "requireRole"),
          "client.address": index % 4 === 0 ? "192.0.2.1" : `198.51.${index >> 8}.${index & 255}`,
        }),
      ),
    );
    const page = formatReportPage(reportOf(lines));
    expect(page).toContain("There were too many to count each of them");
  });

  it("tells how much was sampled out, aggregated and lost", () => {
    const source = createSource();
    const page = formatReportPage(
      reportOf(
        [
          systemRecord(source(NOON), "sys_monitor_enabled"),
          requestRecord(source(NOON), {
            ...refusal("malicious_cors", "cors_not_allowed", 403, "secureHeaders"),
            "audit.repeat.count": 1234,
            duration_us: undefined,
          }),
          systemRecord(source(NOON), "sys_monitor_disabled", {
            "audit.lost.count": 77,
            "audit.records": 3,
            "audit.sampled_out": 5678,
          }),
        ].map(lineOf),
      ),
    );
    expect(page).toContain("1,234 requests share 1 records");
    expect(page).toContain("5,678 requests that succeeded have no record on purpose");
    expect(page).toContain("it lost 77 records");
  });
});

function sampleReport(): AuditReport {
  return reportOf(sampleLog().map(lineOf));
}

/** A log with this text in every member that holds texts. */
function hostile(value: string): readonly string[] {
  const source = createSource()(NOON);
  const texts = {
    "audit.actor.client_id": value,
    "audit.actor.id": value,
    "audit.actor.type": value,
    "audit.reason": value,
    "audit.severity": value,
    "client.address": value,
    "error.type": value,
    "event.name": value,
    "http.request.method": value,
    "http.route": value,
    "service.name": value,
  };
  const failed = { ...texts, "audit.outcome": "failure", "http.response.status_code": 403 };
  const records = [
    requestRecord(source, { ...failed, "audit.decisions": [`${value}:deny:${value}`] }),
    requestRecord(source, { ...failed, "event.name": `x${value}` }),
    requestRecord(source, {
      ...failed,
      "audit.reported.changes": [value],
      "audit.reported.code": `${value}2`,
      "audit.reported.first": value,
      "audit.reported.reason": value,
      "audit.reported.row": value,
      "audit.reports.new": [value],
    }),
    {
      ...systemRecord(source, value),
      ...texts,
      "event.name": "security_alert",
      "security_rule.category": value,
      "security_rule.name": value,
      "audit.alert.key": value,
    },
    systemRecord(source, "sys_monitor_enabled", {
      "audit.notice": value,
      "audit.reason": value,
      "audit.reporting": [value],
      "audit.unused": [value],
    }),
    systemRecord(source, "log_dropped", {
      "audit.lost.count": 3,
      "audit.lost.since": value,
      "audit.sink.name": value,
    }),
    systemRecord(source, "log_expired", { "audit.expired.file": value }),
    { ...requestRecord(source, texts), "audit.event.source": "app", "event.name": "own" },
  ];
  return records.map(lineOf);
}

function reportOf(lines: readonly string[]): AuditReport {
  const builder = createLogSummary({
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
    most: 10,
  });
  for (const line of lines) builder.line(line, () => "log");
  const summary = builder.result();
  const facts = { lines: 1, bytes: 1, carriageReturns: 0 };
  return {
    generator: GENERATOR,
    format: 1,
    title: "</title><script>alert(1)</script>",
    generated: "2026-11-26T12:00:00.000Z",
    top: 10,
    files: [
      { file: "<b>.jsonl", ...facts, compressed: false, byteOrderMark: false, damaged: false },
    ],
    standsOut: standsOut(summary, undefined),
    summary,
  };
}

/** Without the style and the script, which are constants. */
function markupOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/, "<style></style>")
    .replace(/<script>[\s\S]*?<\/script>/, "<script></script>");
}

/** Every tag, without what stands between, and without values that are numbers or times of the log. */
function tagsOf(page: string): readonly string[] {
  return (markupOf(page).match(/<[^>]*>/g) ?? []).map((tag) =>
    tag.replace(/ datetime="[^"<>]*"/, " datetime"),
  );
}
