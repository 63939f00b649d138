import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";

// As the real ones were, before any test.
const realWait = wait;
const timers = createRequire(__filename)("node:timers") as { setImmediate: unknown };
const { setImmediate: realImmediate } = timers;

afterEach(() => {
  vi.useRealTimers();
  timers.setImmediate = realImmediate;
  vi.resetModules();
});

/** Everything that @sinonjs/fake-timers can replace, which Jest uses as well. */
function fakeAll(): void {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setImmediate",
      "clearImmediate",
      "setInterval",
      "clearInterval",
      "Date",
      "performance",
      "hrtime",
      "queueMicrotask",
    ],
  });
}

/** Between two timers, one after the other, there is a whole turn of the event loop, however late they are. */
async function nextTurns(): Promise<void> {
  await realWait(25);
  await realWait(25);
}

describe("a log that is loaded under fake timers", () => {
  it("writes its records at the end of the turn, and closes", async () => {
    fakeAll();
    const { auditLog, fileSink } = await import("../index.js");
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const audit = auditLog({ sinks: [fileSink({ path })] });
    await nextTurns();
    expect(readFileSync(path, "utf8")).toContain("sys_monitor_enabled");
    await audit.close();
    expect(readFileSync(path, "utf8")).toContain("sys_monitor_disabled");
  });

  it("ends the minute of refusals that are counted, after a minute of real time", async () => {
    fakeAll();
    const waits: number[] = [];
    const told: number[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      waits.push(milliseconds);
      return AbortSignal.abort();
    });
    const { RepeatCounter } = await import("../repeats/repeat-counter.js");
    const counter = new RepeatCounter<string>(({ count }) => told.push(count), {
      fullPerKey: 0,
      full: 0,
      keys: 1,
    });
    counter.count({ key: "a", what: () => "a", sharedKey: "b", sharedWhat: () => "b", at: 0 });
    timeout.mockRestore();
    expect(waits).toEqual([60_000]);
    counter.flush();
    expect(told).toEqual([1]);
  });

  it("closes while a transport never answers, within its bound", { timeout: 15_000 }, async () => {
    fakeAll();
    const { auditLog } = await import("../index.js");
    const { default: Transport } = await import("winston-transport");
    const audit = auditLog({ sinks: [new Transport({ log: () => undefined })] });
    await nextTurns();
    await audit.close();
    expect(audit.stats()).toMatchObject({ pending: 0, lost: 2 });
  });

  it("knows a fake in `node:timers` too", async () => {
    timers.setImmediate = () => ({ unref: () => undefined });
    const { syncBuiltinESMExports } = await import("node:module");
    syncBuiltinESMExports();
    const { atNextTurn } = await import("./next-turn.js");
    const called = await new Promise<boolean>((resolve) => {
      atNextTurn(() => resolve(true));
      void realWait(1000).then(() => resolve(false));
    });
    timers.setImmediate = realImmediate;
    syncBuiltinESMExports();
    expect(called).toBe(true);
  });
});
