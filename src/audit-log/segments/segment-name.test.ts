import { describe, expect, it } from "vitest";
import { createSegmentNames, temporaryName } from "./segment-name.js";

const NOON = Date.parse("2026-11-26T12:00:00.000Z");

describe("names of segments", () => {
  it("hold the time in UTC, between the name of the log file and its extension", () => {
    const names = createSegmentNames("/var/log/audit.jsonl");
    expect(names.next(NOON)).toMatch(/^audit\.20261126T120000000Z\.[0-9a-f]{8}\.jsonl$/);
  });

  it("stay in order and differ when the clock is set back or stands still", () => {
    const names = createSegmentNames("audit");
    const made = [NOON, NOON, NOON - 86_400_000, NOON + 1, NOON + 2].map((now) => names.next(now));
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it.each(["audit.jsonl", "audit", "a+b (1).log", "audit.2026.jsonl", ".audit"])(
    "are found again for a log file called %s",
    (file) => {
      const names = createSegmentNames(`/logs/${file}`);
      const segment = names.next(NOON);
      expect(names.parse(segment)).toEqual({ segment, closedAt: NOON, kind: "plain" });
      expect(names.parse(`${segment}.gz`)).toEqual({ segment, closedAt: NOON, kind: "gzip" });
      expect(names.parse(temporaryName(segment))).toMatchObject({ segment, kind: "temporary" });
    },
  );

  it.each([
    "audit.jsonl",
    "audit.jsonl.1",
    "audit.20261126T120000000Z.jsonl",
    "audit.20261126T120000000Z.9f3c01ab.jsonl.bak",
    "audit.20261126T120000000Z.9f3c01ab.json",
    "audit.20261399T120000000Z.9f3c01ab.jsonl",
    "other.20261126T120000000Z.9f3c01ab.jsonl",
    "audit-2.20261126T120000000Z.9f3c01ab.jsonl",
    "auditx20261126T120000000Z.9f3c01ab.jsonl",
    "audit.20261126T120000000Z.9F3C01AB.jsonl",
    "x\naudit.20261126T120000000Z.9f3c01ab.jsonl",
    "audit.20261126T120000000Z.9f3c01ab.jsonl\n",
  ])("are not %j", (file) => {
    expect(createSegmentNames("/logs/audit.jsonl").parse(file)).toBeUndefined();
  });
});
