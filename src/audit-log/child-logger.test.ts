import { setTimeout as wait } from "node:timers/promises";
import request from "supertest";
import { describe, expect, it } from "vitest";
import winston from "winston";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { auditLog, childLogger } from "./index.js";

interface Line {
  readonly [name: string]: unknown;
}

function newWinston(): { logger: winston.Logger; lines: Line[] } {
  const lines: Line[] = [];
  const transport = new Transport({
    log(info, next) {
      lines.push({ ...info });
      next();
    },
  });
  return { logger: winston.createLogger({ level: "debug", transports: [transport] }), lines };
}

const REQUEST = {
  requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
  trace_flags: "02",
};

/** As pino has it: children by `child(bindings)`, fields first. */
class PinoLike {
  readonly #bindings: Line;
  readonly #lines: Line[];
  level = "info";
  children = 0;

  constructor(lines: Line[], bindings: Line = {}) {
    this.#lines = lines;
    this.#bindings = bindings;
  }

  child(bindings: Line): PinoLike {
    this.children += 1;
    return new PinoLike(this.#lines, { ...this.#bindings, ...bindings });
  }

  info(fields: Line, msg: string): void {
    this.#lines.push({ ...this.#bindings, ...fields, msg });
  }
}

describe.each(expressVersions)("a child logger on Express %s", (_major, express) => {
  function appWith(handle: () => unknown) {
    const app = express();
    const sinks = [new Transport({ log: (_info, next) => next() })];
    app.use(auditLog({ sinks, context: true }));
    app.get("/", async (_req, res) => {
      await handle();
      res.end();
    });
    return app;
  }

  it("adds the ids of the request to each line of winston, deep in the app, and to no other line", async () => {
    const { logger, lines } = newWinston();
    const log = childLogger(logger);
    log.info("started");
    const app = appWith(async () => {
      log.info("first", { orderId: "7" });
      await wait(1);
      log.log("warn", "second");
      log.child({ part: "billing" }).debug("third");
    });
    await Promise.all([request(app).get("/"), request(app).get("/")]);
    log.info("stopped");
    const of = (message: string) => lines.filter((line) => line["message"] === message);
    expect(of("started")[0]).not.toHaveProperty("requestId");
    expect(of("stopped")[0]).not.toHaveProperty("requestId");
    expect(of("first")).toEqual(
      [1, 2].map(() => expect.objectContaining({ ...REQUEST, orderId: "7", level: "info" })),
    );
    expect(of("second")).toEqual(
      [1, 2].map(() => expect.objectContaining({ ...REQUEST, level: "warn" })),
    );
    expect(of("third")[0]).toMatchObject({ ...REQUEST, part: "billing" });
    const pairs = new Set(
      lines.filter((line) => line["requestId"]).map((line) => line["requestId"]),
    );
    expect(pairs.size).toBe(2);
  });

  it("makes one child for each request of a logger like pino, which keeps its private state", async () => {
    const lines: Line[] = [];
    const logger = new PinoLike(lines);
    const log = childLogger(logger);
    const app = appWith(() => {
      log.info({ a: 1 }, "x");
      const { info } = log;
      info({ a: 2 }, "y");
    });
    await request(app).get("/");
    await request(app).get("/");
    expect(lines.map(({ a, msg }) => [a, msg])).toEqual([
      [1, "x"],
      [2, "y"],
      [1, "x"],
      [2, "y"],
    ]);
    for (const line of lines) expect(line).toMatchObject(REQUEST);
    expect(logger.children).toBe(2);
  });

  it("adds them to what is printed on a console, as the last value", async () => {
    const printed: unknown[][] = [];
    const print = (...values: unknown[]): void => void printed.push(values);
    const log = childLogger(Object.freeze({ info: print, error: print, table: print }));
    log.info("outside");
    await request(
      appWith(() => {
        log.info("%s is paid", "7");
        log.error(new Error("x"));
        log.table([1]);
      }),
    ).get("/");
    expect(printed).toEqual([
      ["outside"],
      ["%s is paid", "7", REQUEST],
      [expect.any(Error), REQUEST],
      [[1]],
    ]);
  });

  it("takes the logger itself when that cannot make a child", async () => {
    const said: unknown[] = [];
    const log = childLogger({
      child(): never {
        throw new Error("closed");
      },
      info: (text: string) => said.push(text),
    });
    await request(appWith(() => log.info("still there")))
      .get("/")
      .expect(200);
    expect(said).toEqual(["still there"]);
  });
});

describe("a child logger", () => {
  it("is the logger for whoever looks at it", () => {
    const { logger } = newWinston();
    const log = childLogger(logger);
    expect(log).toBeInstanceOf(Object.getPrototypeOf(logger).constructor);
    expect("info" in log).toBe(true);
    log.level = "error";
    expect(logger.level).toBe("error");
    expect(log.level).toBe("error");
    expect(log.isInfoEnabled()).toBe(false);
  });

  it.each([undefined, null, "console", 1, {}, { log: () => undefined }])(
    "must be made of a logger, not of %j",
    (logger) => {
      expect(() => childLogger(logger as never)).toThrow(
        "childLogger must be given a logger with a method child or info",
      );
    },
  );
});
