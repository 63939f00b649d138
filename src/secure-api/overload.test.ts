import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import { fileSink } from "../audit-log/index.js";
import { guardMark } from "../core/guard/guard-mark.js";
import type { OptionsError } from "../core/options/options-error.js";
import { auditRoutes } from "../route-audit/audit-routes.js";
import type { LoadReading } from "../server/overload/load-reading.js";
import { createTestIssuer } from "../testing/index.js";
import { type SecureApi, secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const listeners = vi.hoisted(() => new Set<(reading: LoadReading, windows: number) => void>());

/** The load of the machine that runs the tests is not in our hands. */
vi.mock("../server/overload/load-sampler.js", () => ({
  sampleLoad(listener: (reading: LoadReading, windows: number) => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
}));

const LATE: LoadReading = { eventLoopDelay: 500, utilization: 1, waiting: 1, heap: 0.3 };
const OFF = { oauthGuard: false, rateLimit: false, auditLog: false } as const;
const ORIGIN = "https://app.example.com";
const decisions = listenToDecisions();
const issuer = createTestIssuer();

afterEach(() => {
  listeners.clear();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("overload in secureApi on Express %s", (_major, express) => {
  function appWith(options: Partial<SecureApiOptions>): { app: Express; security: SecureApi } {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = express();
    app.set("env", "test");
    const security = secureApi({ ...OFF, ...options } as SecureApiOptions);
    app.use(security);
    app.get("/health", (_req, res) => void res.end("up"));
    app.get("/slow", () => undefined);
    app.get("/", (_req, res) => void res.end("done"));
    return { app, security };
  }

  async function overload(app: Express): Promise<void> {
    for (let left = 9; left > 0; left -= 1) {
      await request(app).get("/health");
      for (const listener of listeners) listener(LATE, 1);
    }
    vi.spyOn(Math, "random").mockReturnValue(0);
  }

  it("sheds behind the headers and in front of the guard, and answers preflights", async () => {
    const { app } = appWith({
      secureHeaders: { cors: { origins: [ORIGIN] } },
      oauthGuard: issuer.options(),
      publicRoutes: ["GET /health"],
      loadShedding: { critical: "GET /health" },
    });
    await overload(app);
    const answer = await request(app).get("/").set("Origin", ORIGIN).expect(503);
    expect(answer.body.code).toBe("overloaded");
    expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
    expect(answer.headers["access-control-expose-headers"]).toContain("Retry-After");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    await request(app).get("/health").expect(200);
    await request(app)
      .options("/")
      .set({ Origin: ORIGIN, "Access-Control-Request-Method": "GET" })
      .expect(204);
  });

  it("sheds on public routes as well", async () => {
    const { app } = appWith({
      oauthGuard: issuer.options(),
      publicRoutes: ["GET /health"],
      loadShedding: {},
    });
    await overload(app);
    await request(app).get("/health").expect(503);
  });

  it("answers in the place of a route that takes too long", async () => {
    const { app } = appWith({ requestDeadline: { timeout: "40ms" } });
    const answer = await request(app).get("/slow").expect(503);
    expect(answer.body.code).toBe("deadline_exceeded");
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    await request(app).get("/").expect(200);
  });

  it("has both report in the report mode of the preset, and takes false for off", async () => {
    const { app } = appWith({
      mode: "report",
      loadShedding: { critical: "GET /health" },
      requestDeadline: { timeout: "30s" },
    });
    await overload(app);
    await request(app).get("/").expect(200);
    expect(decisions.filter(({ code }) => code === "overloaded")).toMatchObject([
      { guard: "loadShedding", enforced: false, first: true },
    ]);
    const security = secureApi({ ...OFF, loadShedding: false, requestDeadline: false });
    expect(guardMark(security)?.parts?.map(({ guard }) => guard)).not.toContain("loadShedding");
    await request(appWith({ loadShedding: {} }).app)
      .get("/")
      .expect(200);
  });

  it("stops sampling when it is closed", async () => {
    const { security } = appWith({ loadShedding: {} });
    expect(listeners.size).toBe(1);
    await security.close();
    expect(listeners.size).toBe(0);
  });

  it("samples nothing where another option is wrong", () => {
    expect(() => appWith({ loadShedding: {}, requestDeadline: { timeout: "soon" } })).toThrow(
      "secureApi.requestDeadline.timeout must be a duration from 1ms to 1d",
    );
    expect(listeners.size).toBe(0);
  });

  it("names them in the route audit, where they protect no route", () => {
    const { app, security } = appWith({
      loadShedding: {},
      requestDeadline: { timeout: "30s" },
    });
    const parts = guardMark(security)?.parts ?? [];
    expect(parts.map(({ guard, kind }) => [guard, kind])).toEqual([
      ["secureHeaders", "headers"],
      ["loadShedding", "availability"],
      ["requestDeadline", "availability"],
    ]);
    expect(auditRoutes(app).routes.every(({ status }) => status === "open")).toBe(true);
  });

  it("gathers the records of what is shed alike", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "overload-")), "audit.jsonl");
    const { app, security } = appWith({
      auditLog: { sinks: [fileSink({ path, write: "record" })] },
      loadShedding: { critical: "GET /health" },
    });
    await overload(app);
    for (let left = 200; left > 0; left -= 1) await request(app).get("/").expect(503);
    await security.close();
    const shed = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.includes('"overloaded"'));
    // One for each of the first hundred, and one for all others.
    expect(shed).toHaveLength(101);
  });
});

describe("the options of the preset", () => {
  it.each([
    [{ loadShedding: true }, "write loadShedding: {}"],
    [{ loadShedding: undefined }, "secureApi.loadShedding must not be undefined"],
    [{ requestDeadline: undefined }, "secureApi.requestDeadline must not be undefined"],
    [{ requestDeadline: "30s" }, 'write requestDeadline: { timeout: "30s" }'],
    [{ requestDeadline: {} }, "secureApi.requestDeadline.timeout must be a duration"],
    [{ timeout: "30s" }, 'write requestDeadline: { timeout: "30s" }'],
  ])("refuse %o", (options, problem) => {
    let problems: readonly string[] = [];
    try {
      secureApi({ ...OFF, ...options } as never);
    } catch (error) {
      ({ problems } = error as OptionsError);
    }
    expect(problems.join("\n")).toContain(problem);
  });
});
