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

const NOON = Date.parse("2026-11-26T12:00:00.000Z");
const ALL = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, most: 10 };

describe("the summary of a log", () => {
  it("tells apart how requests ended", () => {
    const source = createSource();
    const { traffic } = summaryOf([
      requestRecord(source(NOON)),
      requestRecord(source(NOON), refusal("authz_fail", "missing_role", 403, "requireRole")),
      // By the app: no guard decided.
      requestRecord(source(NOON), failure("authn_login_fail", 401)),
      // A failed login that is answered with a redirect.
      requestRecord(source(NOON), {
        ...failure("api_request", 302),
        "audit.events.names": ["authn_login_fail"],
      }),
      requestRecord(source(NOON), failure("api_request", 404)),
      requestRecord(source(NOON), { ...failure("api_request", 503), "audit.severity": "ERROR" }),
      // An outage that refused nothing.
      requestRecord(source(NOON), {
        "audit.severity": "ERROR",
        "audit.reason": "store_unavailable",
      }),
      requestRecord(source(NOON), {
        "audit.outcome": "unknown",
        "http.response.status_code": undefined,
      }),
    ]);
    expect(traffic).toMatchObject({
      requests: 8,
      endings: { succeeded: 2, refused: 3, clientErrors: 1, serverErrors: 1, unfinished: 1 },
    });
    expect(traffic.statuses).toContainEqual({ status: "none", count: 1 });
  });

  it("takes the event of the app for the reason where no guard refused", () => {
    const { rankings } = summaryOf([
      requestRecord(createSource()(NOON), {
        ...failure("api_request", 302),
        "audit.events.names": ["authn_login_fail"],
      }),
    ]);
    expect(rankings.reasons.rows).toMatchObject([{ reason: "authn_login_fail", count: 1 }]);
  });

  it("counts every request that a record stands for, and no record that is about none", () => {
    const source = createSource();
    const { traffic, diary, alerts } = summaryOf([
      systemRecord(source(NOON), "sys_monitor_enabled", { "audit.reason": "started" }),
      requestRecord(source(NOON), {
        ...refusal("malicious_cors", "cors_not_allowed", 403, "secureHeaders"),
        "audit.repeat.count": 5000,
        duration_us: undefined,
      }),
      { ...systemRecord(source(NOON), "security_alert"), "security_rule.name": "auth-burst" },
      {
        ...requestRecord(source(NOON)),
        duration_us: undefined,
        "audit.event.source": "app",
        "event.name": "invoice_sent",
      },
    ]);
    expect(traffic.requests).toBe(5000);
    expect(diary).toMatchObject({ aggregated: 5000, repeatRecords: 1, starts: 1 });
    expect(alerts.alerts.rows).toMatchObject([{ name: "auth-burst", count: 1 }]);
    expect(alerts.others.rows).toMatchObject([{ name: "invoice_sent", count: 1 }]);
  });

  it("names the most frequent reasons, guards, routes, addresses and principals", () => {
    const { rankings, routes } = summaryOf(sampleLog());
    expect(rankings.reasons.rows[0]).toMatchObject({
      event: "malicious_cors",
      reason: "cors_not_allowed",
      count: 240,
    });
    expect(rankings.guards.rows.map(({ name }) => name)).toContain("oauthGuard");
    expect(rankings.refusedAddresses.rows[0]).toMatchObject({ name: "198.51.100.77", count: 313 });
    expect(rankings.networks.rows.map(({ name }) => name)).toContain("198.51.100.0");
    expect(rankings.actors.rows[0]).toMatchObject({ id: "user-1000", clientId: "shop-web" });
    expect(routes.routes.rows.find(({ name }) => name === "POST /payments")).toMatchObject({
      serverErrors: 31,
      latency: { max: 10_004_211 },
    });
  });

  it("leaves pseudonyms in place of addresses as they are", () => {
    const source = createSource();
    const { rankings } = summaryOf([
      requestRecord(source(NOON), { "client.address": "hmac:k1:Zm9vYmFy" }),
    ]);
    expect(rankings.networks.rows.map(({ name }) => name)).toEqual(["hmac:k1:Zm9vYmFy"]);
  });

  it("says what happened in a time, and what most of its refusals had", () => {
    const { traffic } = summaryOf(sampleLog());
    const peak = traffic.timeline.moments.find(({ start }) => start.includes("T10:02:00"));
    expect(peak).toMatchObject({
      mostly: { reason: "cors_not_allowed", route: "OPTIONS /orders", client: "192.0.2.66" },
    });
    const [from, to] = [Date.parse("2026-11-26T10:03:00Z"), Date.parse("2026-11-26T10:04:00Z")];
    const only = summaryOf(sampleLog(), { from, to });
    expect(only.first?.slice(0, 16)).toBe("2026-11-26T10:03");
    expect(only.last?.slice(0, 16)).toBe("2026-11-26T10:03");
    expect(only.lines.otherTime).toBeGreaterThan(4000);
    expect(only.rankings.refusedAddresses.rows[0]?.name).toBe("198.51.100.77");
  });

  it("keeps its charts readable when a few records are years off", () => {
    const source = createSource();
    const records = Array.from({ length: 3000 }, (_, index) =>
      requestRecord(source(NOON + index * 100)),
    );
    const { traffic } = summaryOf([
      ...records,
      requestRecord({ ...source(NOON), "@timestamp": "1970-01-01T00:00:00.000Z" }),
    ]);
    expect(traffic.timeline).toMatchObject({ widthSeconds: 5, outside: 1 });
    expect(traffic.requests).toBe(3001);
  });

  it("counts what report mode let through by route and reason", () => {
    const source = createSource();
    const reported = {
      "audit.reported.code": "validation_failed",
      "audit.reported.first": "validate",
      "audit.reported.reason": "unknown_field",
      "audit.reported.row": "POST /orders",
      "audit.reported.status": 422,
    };
    const { rehearsal } = summaryOf([
      systemRecord(source(NOON), "sys_monitor_enabled", {
        "audit.reporting": ["validate"],
        "audit.unused": ["GET /nowhere"],
      }),
      requestRecord(source(NOON), reported),
      requestRecord(source(NOON), reported),
      requestRecord(source(NOON), { ...reported, "http.route": "/products" }),
    ]);
    expect(rehearsal).toMatchObject({
      requests: 3,
      reporting: ["validate"],
      unusedRows: ["GET /nowhere"],
    });
    expect(rehearsal.refusals.rows[0]).toMatchObject({
      count: 2,
      route: "GET /orders",
      guard: "validate",
      reason: "unknown_field",
      rule: "POST /orders",
      status: 422,
    });
  });

  it("finds missing numbers, and counts a loss once that is told twice", () => {
    const source = createSource();
    const records = [
      systemRecord(source(NOON), "sys_monitor_enabled"),
      ...Array.from({ length: 9 }, () => requestRecord(source(NOON))),
    ].filter((_, index) => index !== 4 && index !== 5);
    const stream = "0d0c5c1e-7f0a-4f0e-9c55-5b1f7f3a2a01";
    const dropped = systemRecord(source(NOON), "log_dropped", {
      "audit.lost.count": 2,
      "audit.record.id": `${stream}.0-1`,
      "audit.sink.name": "file",
    });
    // Takes the number that the record of the sink's own series did not need.
    const end = systemRecord(
      { ...source(NOON), "audit.record.id": `${stream}-11` },
      "sys_monitor_disabled",
      {
        "audit.lost.count": 2,
        "audit.records": 11,
      },
    );
    const { streams } = summaryOf([...records, dropped, end]);
    expect(streams).toMatchObject({ count: 1, missing: 2, lost: 2, repeated: 0, open: 0 });
    expect(streams.streams).toMatchObject([{ firstNumber: 1, lastNumber: 11, closed: true }]);
  });

  it("counts connections that failed alike as what they are, and as no request", () => {
    const source = createSource();
    const failed = {
      ...systemRecord(source(NOON), "connection_failed", { "audit.reason": "malformed_request" }),
      "audit.actor.id": "anonymous",
      "audit.actor.type": "anonymous",
      "audit.outcome": "failure",
      "client.address": "192.0.2.8",
    };
    const { traffic, alerts, rankings, diary } = summaryOf([
      failed,
      { ...failed, ...source(NOON), "audit.repeat.count": 5000 },
    ]);
    expect(traffic.requests).toBe(0);
    expect(diary.aggregated).toBe(0);
    expect(rankings.refusedAddresses.rows).toEqual([]);
    expect(alerts.others.rows).toMatchObject([{ name: "connection_failed", count: 5001 }]);
    expect(rankings.events.rows).toMatchObject([{ name: "connection_failed", count: 5001 }]);
  });

  it("finds a gap behind records that stand there twice", () => {
    const source = createSource();
    const all = Array.from({ length: 20 }, () => requestRecord(source(NOON)));
    const gone = all.filter((_, index) => index < 5 || index > 8);
    const { streams, traffic } = summaryOf([...gone, ...all.slice(10, 16)]);
    expect(streams).toMatchObject({ missing: 4, repeated: 6 });
    expect(traffic.requests).toBe(16);
  });

  it("counts what stands in two files once, losses of one sink as well", () => {
    const source = createSource();
    const dropped = systemRecord(source(NOON), "log_dropped", {
      "audit.lost.count": 2,
      "audit.record.id": "0d0c5c1e-7f0a-4f0e-9c55-5b1f7f3a2a01.0-1",
    });
    const records = [requestRecord(source(NOON)), requestRecord(source(NOON)), dropped];
    const { streams, traffic, diary } = summaryOf([...records, ...records]);
    expect(traffic.requests).toBe(2);
    expect(streams.lost).toBe(2);
    expect(diary.entries).toHaveLength(1);
  });

  it("keeps rotations out of the diary, and says what else happened to the log", () => {
    const source = createSource();
    const rotated = Array.from({ length: 30 }, () =>
      systemRecord(source(NOON + 1), "log_segment", { "audit.reason": "rotated" }),
    );
    const { diary } = summaryOf([
      ...rotated,
      systemRecord(source(NOON), "log_stalled", { "audit.sink.name": "Http" }),
      systemRecord(source(NOON), "log_recovered", {
        "audit.sink.name": "Http",
        "audit.lost.count": 3,
      }),
      systemRecord(source(NOON), "log_key", { "audit.reason": "function_timeout" }),
      systemRecord(source(NOON), "log_segment", {
        "audit.reason": "file_moved",
        "audit.segment.previous": "audit.jsonl",
      }),
      systemRecord(source(NOON), "log_dropped", {
        "audit.lost.count": 1,
        "audit.sink.name": "record",
      }),
    ]);
    expect(diary.rotations).toBe(30);
    expect(diary.entries.map(({ text }) => text)).toEqual([
      "Http does not answer any more",
      "Http answers again, 3 lost in all",
      "nobody vouches for the key of the log: function_timeout",
      "file_moved: audit.jsonl",
      "1 could not be made",
    ]);
  });

  it("reads other lines without counting them as requests", () => {
    const { lines, traffic } = summaryOfLines([
      lineOf(requestRecord(createSource()(NOON))),
      "Server listening on 3000",
      '{"level":"info","message":"hello"}',
      "[1,2]",
      '{"@timestamp":"2026-11-26T12:00:00.000Z","audit.sche',
      "",
      "   ",
      '{"audit.schema.version":"1"}',
      '{"audit.schema.version":"1","event.name":"api_request","@timestamp":"yesterday"}',
    ]);
    expect(traffic.requests).toBe(1);
    expect(lines).toMatchObject({
      read: 7,
      foreign: 4,
      unreadable: 2,
      unreadablePlaces: ["log:2", "log:5"],
    });
  });

  it("takes whatever stands in the members", () => {
    const members = Object.keys(requestRecord(createSource()(NOON)));
    const values = [null, 1e308, -1, 1.5, {}, [], [[]], "", "x".repeat(10_000), true, "\u2028"];
    const records = members.flatMap((name) =>
      values.map((value) => requestRecord(createSource()(NOON), { [name]: value })),
    );
    const odd = records.map(lineOf);
    odd.push(
      '{"audit.schema.version":"1","__proto__":{"event.name":"api_request"},"constructor":1}',
    );
    odd.push(lineOf(requestRecord(createSource()(NOON), { "http.route": "x".repeat(1_000_000) })));
    odd.push(`{"audit.schema.version":"1","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
    const { lines, rankings } = summaryOfLines(odd);
    expect(lines.read).toBe(odd.length);
    for (const { name } of rankings.networks.rows) expect(name.length).toBeLessThan(400);
  });

  it("does not grow with the number of different values", () => {
    const builder = createLogSummary(ALL);
    for (let index = 0; index < 30_000; index += 1) {
      const stream = `${index.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
      const record = requestRecord(createSource(stream)(NOON + index * 61_000), {
        ...refusal(`event_${index}`, `reason_${index}`, 403, `guard_${index}`),
        "audit.actor.id": `user-${index}`,
        "client.address": `2001:db8:${index.toString(16)}::1`,
        "http.route": `/route/${index}`,
        "service.name": `service-${index}`,
      });
      builder.line(lineOf(record), () => "");
    }
    const { rankings, routes, streams, traffic } = builder.result();
    expect(rankings.reasons.exact).toBe(false);
    expect(rankings.reasons.kinds).toBeLessThanOrEqual(5000);
    expect(routes.routes.kinds).toBeLessThanOrEqual(1000);
    expect(streams).toMatchObject({ count: 20_000, beyond: 10_000 });
    expect(traffic.requests).toBe(30_000);
    expect(traffic.timeline.moments.length).toBeLessThanOrEqual(150);
  });
});

function failure(event: string, status: number): SampleRecord {
  return {
    "audit.decisions": ["rateLimit:allow"],
    "audit.outcome": "failure",
    "event.name": event,
    "http.response.status_code": status,
  };
}

function summaryOf(records: readonly SampleRecord[], settings = {}): LogSummary {
  return summaryOfLines(records.map(lineOf), settings);
}

function summaryOfLines(lines: readonly string[], settings = {}): LogSummary {
  const builder = createLogSummary({ ...ALL, ...settings });
  for (const [index, line] of lines.entries()) builder.line(line, () => `log:${index + 1}`);
  return builder.result();
}
