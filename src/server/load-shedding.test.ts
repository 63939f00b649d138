import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import type { OptionsError } from "../core/options/options-error.js";
import type { LoadShedding } from "./create-load-shedding.js";
import { loadShedding } from "./load-shedding.js";
import type { LoadSheddingOptions } from "./load-shedding-options.js";
import type { LoadReading } from "./overload/load-reading.js";
import { LOAD_CHANNEL } from "./overload/overload-notice.js";

type Listener = (reading: LoadReading, windows: number) => void;

const listeners = vi.hoisted(() => new Set<Listener>());

/** The load of the machine that runs the tests is not in our hands. */
vi.mock("./overload/load-sampler.js", () => ({
  sampleLoad(listener: Listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
}));

const CALM: LoadReading = { eventLoopDelay: 3, utilization: 0.6, waiting: 0.5, heap: 0.3 };
const LATE: LoadReading = { eventLoopDelay: 500, utilization: 1, waiting: 1, heap: 0.3 };
const decisions = listenToDecisions();
const events: object[] = [];
const listen = (event: unknown): void => void events.push(event as object);

beforeEach(() => {
  events.length = 0;
  subscribe(LOAD_CHANNEL, listen);
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});
afterEach(() => {
  unsubscribe(LOAD_CHANNEL, listen);
  listeners.clear();
  vi.restoreAllMocks();
});

function read(reading: LoadReading): void {
  for (const listener of listeners) listener(reading, 1);
}

describe.each(expressVersions)("loadShedding on Express %s", (_major, express) => {
  interface Subject {
    readonly app: Express;
    readonly shedding: LoadShedding;
    /** Readings of this kind, with a request in each window. */
    readonly load: (reading: LoadReading, count: number) => Promise<void>;
  }

  function subjectWith(options: LoadSheddingOptions = {}, ...before: RequestHandler[]): Subject {
    const app = express();
    app.set("env", "test");
    const shedding = loadShedding({ critical: "/health", low: "/low/*", ...options });
    app.use(...before, shedding);
    app.use((_req, res) => void res.end("done"));
    const load = async (reading: LoadReading, count: number): Promise<void> => {
      for (let left = count; left > 0; left -= 1) {
        await request(app).get("/health");
        read(reading);
      }
    };
    return { app, shedding, load };
  }

  /** How many of 200 requests are shed. */
  async function shedOf(app: Express, path: string): Promise<number> {
    let draw = 5;
    vi.spyOn(Math, "random").mockImplementation(() => (draw++ % 200) / 200);
    const statuses: number[] = [];
    for (let left = 20; left > 0; left -= 1) {
      const { status } = await request(app).get(path);
      statuses.push(status);
      // Whoever is shed draws once more, for Retry-After.
      draw = statuses.length * 10 + 5;
    }
    vi.mocked(Math.random).mockRestore();
    return statuses.filter((status) => status === 503).length * 10;
  }

  it("answers 503 overloaded as a problem document, with a Retry-After that differs", async () => {
    const { app, load } = subjectWith();
    await load(LATE, 9);
    const seconds = new Set<string>();
    for (const draw of [0, 0.4, 0.9]) {
      vi.spyOn(Math, "random").mockReturnValue(draw);
      const answer = await request(app).get("/orders").set("Connection", "keep-alive").expect(503);
      expect(answer.body).toMatchObject({ code: "overloaded", status: 503 });
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      seconds.add(answer.headers["retry-after"] ?? "");
      // A new connection would cost more than the answer did.
      expect(answer.headers["connection"]).not.toBe("close");
    }
    expect([...seconds]).toEqual(["2", "3", "4"]);
    expect(decisions.at(-1)).toMatchObject({
      guard: "loadShedding",
      outcome: "error",
      enforced: true,
      code: "overloaded",
      reason: "event_loop_busy",
      rule: "priority(normal)",
    });
  });

  it("sheds nothing while the process keeps up, and records that", async () => {
    const { app, load } = subjectWith();
    await load(CALM, 5);
    await request(app).get("/low/1").expect(200);
    expect(decisions.at(-1)).toMatchObject({ guard: "loadShedding", outcome: "allow", code: "ok" });
    expect(decisions.every(({ outcome }) => outcome === "allow")).toBe(true);
  });

  it("sheds low requests first, then normal ones but never all, and critical ones never", async () => {
    const { app, shedding, load } = subjectWith();
    await load({ ...LATE, eventLoopDelay: 10 }, 4);
    expect(shedding.state().pressure.toFixed(1)).toBe("0.3");
    expect(await shedOf(app, "/low/1")).toBe(120);
    expect(await shedOf(app, "/orders")).toBe(0);
    await load(LATE, 9);
    expect(shedding.state().pressure).toBe(1);
    expect(await shedOf(app, "/low/1")).toBe(200);
    expect(await shedOf(app, "/orders")).toBe(190);
    expect(await shedOf(app, "/health")).toBe(0);
  });

  it("lets no other spelling be critical, and every spelling be low", async () => {
    const { app, load } = subjectWith();
    await load(LATE, 9);
    vi.spyOn(Math, "random").mockReturnValue(0);
    await request(app).get("/health").expect(200);
    for (const path of ["/HEALTH", "//health", "/health/", "/%68ealth", "/low/../health"]) {
      await request(app).get(path).expect(503);
    }
    vi.mocked(Math.random).mockReturnValue(0.97);
    await request(app).get("/orders").expect(200);
    for (const path of ["/low/1", "/LOW/1", "//low//1", "/%6cow/1"]) {
      await request(app).get(path).expect(503);
    }
  });

  it("asks the function of the app under pressure alone, and takes a promise as well", async () => {
    const asked: string[] = [];
    const { app, load } = subjectWith({
      priority: (req) => {
        asked.push(req.path);
        if (req.path === "/vip") return "critical";
        return req.path === "/later" ? Promise.resolve("low" as const) : undefined;
      },
    });
    await request(app).get("/vip").expect(200);
    expect(asked).toEqual([]);
    await load(LATE, 9);
    vi.spyOn(Math, "random").mockReturnValue(0.97);
    await request(app).get("/vip").expect(200);
    await request(app).get("/later").expect(503);
    await request(app).get("/low/1").expect(503);
    await request(app).get("/orders").expect(200);
    await request(app).get("/health").expect(200);
    expect(asked).toEqual(["/vip", "/later", "/low/1", "/orders"]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("database");
      },
      "function_failed",
    ],
    ["rejects", () => Promise.reject(new Error("database")), "function_failed"],
    ["returns another word", () => "high" as never, "wrong_return"],
  ])("refuses with check_unavailable when that function %s", async (_what, priority, reason) => {
    const { app, load } = subjectWith({ priority });
    await load(LATE, 9);
    const answer = await request(app).get("/orders").expect(503);
    expect(answer.body.code).toBe("check_unavailable");
    expect(decisions.at(-1)).toMatchObject({ reason });
    await request(app).get("/health").expect(200);
  });

  it("records in report mode what it would shed, without waiting", async () => {
    const { app, load } = subjectWith({ mode: "report" });
    await load(LATE, 9);
    vi.spyOn(Math, "random").mockReturnValue(0);
    await request(app).get("/orders").expect(200, "done");
    expect(decisions.at(-1)).toMatchObject({
      enforced: false,
      code: "overloaded",
      first: true,
      status: 503,
    });
  });

  it("closes the connection of a request whose body is unread", async () => {
    const { app, load } = subjectWith();
    await load(LATE, 9);
    vi.spyOn(Math, "random").mockReturnValue(0);
    const answer = await request(app).post("/orders").send("x".repeat(100_000)).expect(503);
    expect(answer.headers["connection"]).toBe("close");
  });

  it("says once that it begins, and publishes each change with hysteresis", async () => {
    const { shedding, load } = subjectWith();
    await load(LATE, 4);
    await load(CALM, 8);
    expect(shedding.state()).toMatchObject({ state: "overloaded", pressure: 0 });
    await load(LATE, 4);
    await load(CALM, 40);
    expect(shedding.state()).toMatchObject({ state: "normal", pressure: 0, heap: 0.3 });
    await load(LATE, 4);
    expect(events).toMatchObject([
      { guard: "loadShedding", mode: "enforce", state: "overloaded", eventLoopDelay: 500 },
      { state: "normal" },
      { state: "overloaded" },
    ]);
    expect(events.every((event) => Object.isFrozen(event))).toBe(true);
    expect(process.emitWarning).toHaveBeenCalledTimes(1);
    expect(process.emitWarning).toHaveBeenCalledWith(
      expect.stringContaining("its event loop is 500 ms late and 100 % busy"),
      { code: "EXPRESS_SECURE_API_OVERLOADED" },
    );
  });

  it("sheds nothing any more once it is closed", async () => {
    const { app, shedding, load } = subjectWith();
    await load(LATE, 9);
    await shedding.close();
    expect(listeners.size).toBe(0);
    expect(shedding.state()).toMatchObject({ state: "normal", pressure: 0 });
    vi.spyOn(Math, "random").mockReturnValue(0);
    await request(app).get("/orders").expect(200);
  });
});

describe("the options of loadShedding", () => {
  const problemsOf = (options: object): string => {
    try {
      loadShedding(options as never);
      return "";
    } catch (error) {
      return (error as OptionsError).problems.join("\n");
    }
  };

  it.each([
    [{ eventLoopDelay: false, utilization: false, heap: false }, "nothing would ever be shed"],
    [{ eventLoopDelay: { from: "1s" } }, "loadShedding.eventLoopDelay.to must be above from"],
    [{ eventLoopDelay: { from: 100 } }, 'write "100ms" for milliseconds'],
    [{ heap: { from: 90, to: 95 } }, "loadShedding.heap.from must be a number from 0.01 to 1"],
    [{ utilization: true }, "loadShedding.utilization must be an options object, got true"],
    [{ critical: "/*" }, 'loadShedding.critical must not cover every route, as "/*" does'],
    [{ low: undefined }, "loadShedding.low must not be undefined"],
    [{ low: "/reports/" }, 'loadShedding.low must not end with "/": write "/reports"'],
    [{ priority: "low" }, "loadShedding.priority must be a function"],
    [{ retryAfter: "0s" }, "loadShedding.retryAfter must be a duration from 1s to 1h"],
    [{ maxEventLoopDelay: 1000 }, 'write eventLoopDelay: { from: "100ms", to: "500ms" }'],
  ])("refuses %o", (options, problem) => {
    expect(problemsOf(options)).toContain(problem);
  });
});
