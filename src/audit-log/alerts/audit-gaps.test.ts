import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Alerts } from "./alerts.js";
import { ALERT_CHANNEL, type Alert } from "./rules/alert.js";
import type { AlertSettings } from "./rules/alert-settings.js";

let alerts: Alert[] = [];
const keep = (alert: unknown): void => void alerts.push(alert as Alert);
beforeEach(() => {
  alerts = [];
  subscribe(ALERT_CHANNEL, keep);
});
afterEach(() => void unsubscribe(ALERT_CHANNEL, keep));

const gap = {
  name: "audit-gap",
  appSensor: "IE6",
  severity: "CRITICAL",
  event: "security_alert",
  threshold: 1,
  windowMs: 60_000,
  window: "1m",
  cooldownMs: 600_000,
} as const;

describe("the alert about gaps in the log", () => {
  const settings: AlertSettings = {
    counting: [],
    spike: undefined,
    drift: undefined,
    honeytoken: undefined,
    gap,
    account: undefined,
    countReported: false,
  };
  const failure = { sink: "fileSink", position: 0, code: "EIO", lost: 0 };

  it("is not told of failures that lose no record, and these hide no loss", () => {
    const watch = new Alerts(settings, () => undefined);
    watch.failed(failure);
    watch.failed({ ...failure, code: "ETIMEDOUT", stalled: true });
    watch.failed({ ...failure, sink: "integrity.sign", position: -1 });
    expect(alerts).toEqual([]);
    watch.failed({ ...failure, lost: 1 });
    expect(alerts.map(({ key }) => key.value)).toEqual(["sinks[0] fileSink"]);
  });

  it("is not told again of what was lost before", () => {
    const watch = new Alerts(
      { ...settings, gap: { ...gap, threshold: 2, cooldownMs: 0 } },
      () => undefined,
    );
    for (let n = 0; n < 5; n += 1) watch.failed({ ...failure, lost: 7 });
    expect(alerts).toEqual([]);
    watch.failed({ ...failure, lost: 8 });
    expect(alerts).toHaveLength(1);
  });
});
