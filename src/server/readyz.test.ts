import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import { livez } from "./livez.js";
import { readyz } from "./readyz.js";
import type { Readyz, ReadyzOptions } from "./readyz-options.js";

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("readyz on Express %s", (_major, express) => {
  function appWith(options: ReadyzOptions = {}): {
    app: ReturnType<typeof express>;
    ready: Readyz;
  } {
    const app = express();
    const ready = readyz(options);
    app.use("/readyz", ready);
    app.use("/livez", livez());
    app.use((_req, res) => void res.status(404).send("behind"));
    return { app, ready };
  }

  it("answers 200 without a body that says more, and is not cached", async () => {
    const { app } = appWith();
    for (const path of ["/readyz", "/livez"]) {
      const answer = await request(app).get(path).expect(200, { status: "ok" });
      expect(answer.headers).toMatchObject({
        "content-type": "application/json",
        "cache-control": "no-store",
      });
      const head = await request(app).head(path).expect(200);
      expect([head.text, head.headers["content-length"]]).toEqual([undefined, "15"]);
      await request(app).post(path).expect(404, "behind");
    }
  });

  it("answers 503 until it is said to be ready, while the process is alive", async () => {
    const { app, ready } = appWith({ waitForReady: true });
    const answer = await request(app).get("/readyz").expect(503);
    expect(answer.body).toMatchObject({ code: "service_unavailable", state: "starting" });
    expect(answer.headers).toMatchObject({ "retry-after": "5", "cache-control": "no-store" });
    await request(app).get("/livez").expect(200);
    ready.markReady();
    await request(app).get("/readyz").expect(200);
    ready.markDraining();
    const draining = await request(app).get("/readyz").expect(503);
    expect(draining.body).toMatchObject({ state: "shutting_down" });
    await request(app).get("/livez").expect(200);
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    ["rejects", () => Promise.reject(new Error("secret"))],
    ["returns false", () => false],
    ["promises false", async () => false],
    ["promises an answer that is not ok", async () => new Response("", { status: 500 })],
    ["returns a health that is failing", () => ({ status: "failing", sinks: [] })],
    ["promises a health that is failing", async () => ({ status: "failing" })],
    [
      "returns what has no status to be read",
      () => ({
        get status() {
          throw new Error("secret");
        },
      }),
    ],
    ["never answers", () => new Promise(() => undefined)],
    [
      "returns what fails to be read",
      () => ({
        get then() {
          throw new Error("secret");
        },
      }),
    ],
  ])(
    "answers 503 when a check %s, and names nothing unless it is told to",
    async (_what, check) => {
      const onFail = vi.fn(() => Promise.reject(new Error("broken")));
      const options = { checks: { up: () => "PONG", redis: check }, timeout: "50ms", onFail };
      const answer = await request(appWith(options).app).get("/readyz").expect(503);
      expect(answer.body).toEqual({
        title: "Service Unavailable",
        status: 503,
        detail: "Something that the service needs is unavailable at the moment.",
        code: "service_unavailable",
        state: "failing",
      });
      expect(onFail.mock.calls).toEqual([["redis", expect.any(Error)]]);
      const named = appWith({ ...options, expose: "checks" });
      expect((await request(named.app).get("/readyz").expect(503)).body).toMatchObject({
        checks: ["redis"],
      });
    },
  );

  it.each<[string, () => unknown]>([
    ["undefined", () => undefined],
    ["a text", async () => "PONG"],
    ["null", () => null],
    ["an answer that is ok", async () => new Response("")],
    ["a health that is degraded", () => ({ status: "degraded", sinks: [] })],
    ["what a database answers", () => ({ ok: 1, status: "fail" })],
  ])("takes a check that returns %s for one that is up", async (_what, check) => {
    await request(appWith({ checks: { db: check } }).app)
      .get("/readyz")
      .expect(200);
  });

  it("asks once, however many ask it, and asks again when the answer has become old", async () => {
    let now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const check = vi.fn(async () => {
      await new Promise((done) => setTimeout(done, 50));
    });
    const { app } = appWith({ checks: { db: check }, cache: "1m" });
    const server = app.listen(0);
    await Promise.all(Array.from({ length: 20 }, () => request(server).get("/readyz").expect(200)));
    await request(server).get("/readyz").expect(200);
    expect(check).toHaveBeenCalledTimes(1);
    now += 60_001;
    await request(server).get("/readyz").expect(200);
    expect(check).toHaveBeenCalledTimes(2);
    server.close();
  });

  it("does not call a check again that has not answered yet, and is ready again when it has", async () => {
    let answer: (value: unknown) => void = () => undefined;
    const check = vi.fn(() => new Promise((resolve) => (answer = resolve)));
    const { app } = appWith({
      checks: { db: check },
      timeout: "50ms",
      cache: "1ms",
      onFail: () => undefined,
    });
    await request(app).get("/readyz").expect(503);
    await request(app).get("/readyz").expect(503);
    expect(check).toHaveBeenCalledTimes(1);
    answer("late");
    await new Promise((done) => setTimeout(done, 10));
    const again = request(app)
      .get("/readyz")
      .expect(200)
      .then(() => undefined);
    await vi.waitFor(() => expect(check).toHaveBeenCalledTimes(2));
    answer("in time");
    await again;
  });

  it("warns once when a check begins to fail, without its error", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { app } = appWith({
      checks: { db: () => Promise.reject(new Error("redis://:secret@db")) },
      cache: "1ms",
    });
    await request(app).get("/readyz").expect(503);
    await new Promise((done) => setTimeout(done, 5));
    await request(app).get("/readyz").expect(503);
    expect(warn.mock.calls).toEqual([
      [
        'readyz: the check "db" fails: this instance is not ready.',
        { code: "EXPRESS_SECURE_API_NOT_READY" },
      ],
    ]);
  });
});

describe("readyz", () => {
  it("tells all that is wrong at once", () => {
    const wrong = { checks: { db: "up", " x": () => true }, timeout: 800, expose: "names" };
    expect(() => readyz(wrong as never)).toThrow(OptionsError);
    try {
      readyz(wrong as never);
    } catch (error) {
      expect((error as OptionsError).problems).toEqual([
        expect.stringContaining("readyz.timeout must be a duration"),
        expect.stringContaining('readyz.expose must be one of "state", "checks"'),
        'readyz.checks["db"] must be a function, got a string of 2 characters',
        'readyz.checks[" x"] must not start or end with white space',
      ]);
    }
    expect(() => readyz({ checks: {} })).toThrow("readyz.checks must be an object of functions");
    expect(() => readyz({ checks: undefined })).toThrow("must not be undefined");
    expect(() => (livez as (options: unknown) => unknown)({})).toThrow("without options");
  });
});
