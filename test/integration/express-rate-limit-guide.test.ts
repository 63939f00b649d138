import { devNull } from "node:os";
import type { Express, RequestHandler } from "express";
import request, { type Response } from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fileSink } from "../../src/audit-log/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { runOnApp } from "../support/guide-app.js";
import { firstCells, guideCode, versions } from "../support/rate-limit-guide.js";

const [before = "", beforeReports = ""] = guideCode();
const [look = "", lookReports = ""] = guideCode("1. Look");
const [enforce = "", enforceReports = ""] = guideCode("2. Enforce, and remove the old ones");
const decisions = listenToDecisions();

/** What the guide says stands in front of the limit for each user. The ids are numbers, as those of many databases. */
const users =
  'app.use((req, _res, next) => { req.user = { id: Number(req.get("User") ?? 0) }; next(); });';
const routes = [
  'app.get(["/", "/health", "/reports"], (_req, res) => { res.json({ ok: true }); });',
  'app.post("/login", (req, res) => { res.status(req.get("Password") === "right" ? 200 : 401).json({}); });',
].join("\n");

const quiet = () => fileSink({ path: devNull });

function fieldsOf({ headers }: Response): Record<string, unknown> {
  const { date: _date, ...rest } = headers;
  return rest;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(versions)("an app on Express %s with %s", (_major, name, express, old) => {
  function run(...parts: readonly string[]): Express {
    const app = express();
    app.set("env", "test");
    for (const part of parts) {
      const code = part
        .replace('require("express-rate-limit")', `require("${name}")`)
        // The records of these requests would go to the standard output.
        .replace("auditLog()", "auditLog({ sinks: [quiet()] })")
        .replace("auditLog({ mode", "auditLog({ sinks: [quiet()], mode");
      runOnApp(app, express, code, { quiet });
    }
    return app;
  }
  const stages = {
    before: () => run(before, users, beforeReports, routes),
    look: () => run(look, before, users, lookReports, beforeReports, routes),
    enforce: () => run(enforce, users, enforceReports, routes),
  };
  /** The statuses of many requests, one after the other. */
  async function statuses(app: Express): Promise<readonly number[]> {
    const found: number[] = [];
    const login = (password: string) => request(app).post("/login").set("Password", password);
    const reports = (user: string) => request(app).get("/reports").set("User", user);
    for (let n = 0; n < 7; n += 1) found.push((await login("right")).status);
    for (let n = 0; n < 6; n += 1) found.push((await login("wrong")).status);
    for (let n = 0; n < 21; n += 1) found.push((await reports("1")).status);
    for (let n = 0; n < 3; n += 1) found.push((await reports("2")).status);
    return found;
  }
  const expected = [
    ...Array<number>(7).fill(200),
    ...[401, 401, 401, 401, 401, 429],
    ...Array<number>(20).fill(200),
    429,
    ...[200, 200, 200],
  ];

  it.each(["before", "look", "enforce"] as const)(
    "refuses the same requests: %s",
    async (stage) => {
      expect(await statuses(stages[stage]())).toEqual(expected);
    },
  );

  it("sends what it sent before while it looks, to the letter", async () => {
    for (const path of ["/", "/health", "/reports", "/nowhere"]) {
      const [theirs, ours] = [
        await request(stages.before()).get(path),
        await request(stages.look()).get(path),
      ];
      expect([ours.status, ours.text]).toEqual([theirs.status, theirs.text]);
      expect(fieldsOf(ours)).toEqual(fieldsOf(theirs));
    }
  });

  it("records 429 where the old limiters answer it, by the name of the policy", async () => {
    const app = stages.look();
    await statuses(app);
    const refused = decisions.filter(({ outcome }) => outcome === "deny");
    expect(refused.every(({ enforced }) => !enforced)).toBe(true);
    expect(refused.map(({ code, policy }) => [code, policy])).toEqual([
      ["rate_limit_exceeded", "login"],
      ["rate_limit_exceeded", "20-per-1h"],
    ]);
  });

  it("gives clients the text of before, and lets the health probe pass", async () => {
    for (const app of [stages.before(), stages.enforce()]) {
      for (let n = 0; n < 100; n += 1) await request(app).get("/");
      await request(app).get("/").expect(429);
      for (let n = 0; n < 3; n += 1) await request(app).get("/health").expect(200);
    }
    const app = stages.enforce();
    for (let n = 0; n < 6; n += 1) await request(app).post("/login");
    const { headers } = await request(app)
      .post("/login")
      .expect(429, { error: "too many requests" });
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  });

  it("enforces what it looked at", () => {
    const made = (code: string) => code.slice(code.lastIndexOf("rateLimit({"));
    const enforced = made(enforce).replace(/ {4}onDenied[\s\S]*?\n {4}\},\n/, "");
    expect(enforced).toBe(made(look).replace('    mode: "report",\n', ""));
    const inOneLine = (code: string) => code.replaceAll(/\s+/g, "").replace(",);", ");");
    expect(inOneLine(made(enforceReports))).toBe(
      inOneLine(made(lookReports)).replace('mode:"report",', ""),
    );
  });

  describe("while both are there", () => {
    const app = (...fronts: readonly RequestHandler[]): Express => {
      const made = express();
      made.use(...fronts).get("/", (_req, res) => void res.send("ok"));
      return made;
    };
    const theirs = (standardHeaders: "draft-6" | "draft-7" | "draft-8", limit = 7) =>
      old.rateLimit({ limit, windowMs: 60_000, standardHeaders, validate: false });
    const ours = (options: object = {}) =>
      rateLimit({ name: "new", limit: 9, window: "1m", ...options });
    const rows: Readonly<Record<string, () => Promise<unknown>>> = {
      "the new one reports": async () => {
        const { headers } = await request(app(ours({ mode: "report" }), theirs("draft-7"))).get(
          "/",
        );
        expect(headers["ratelimit"]).toBe("limit=7, remaining=6, reset=60");
        expect(headers["x-ratelimit-limit"]).toBe("7");
      },
      "both enforce": async () => {
        for (const [limit, theirLimit] of [
          [1, 5],
          [5, 1],
        ] as const) {
          const both = app(ours({ limit }), theirs("draft-8", theirLimit));
          await request(both).get("/").expect(200);
          await request(both).get("/").expect(429);
        }
      },
      "`X-RateLimit-*`": async () => {
        const behind = await request(app(ours(), theirs("draft-8"))).get("/");
        expect(behind.headers["x-ratelimit-limit"]).toBe("7");
        const front = await request(app(theirs("draft-8"), ours())).get("/");
        expect(front.headers["x-ratelimit-limit"]).toBe("9");
      },
      '`RateLimit`, `RateLimit-Policy`, the old one with `standardHeaders: "draft-8"`':
        async () => {
          const { headers } = await request(app(ours(), theirs("draft-8"))).get("/");
          expect(headers["ratelimit"]).toBe('"new";r=8;t=54, "7-in-1min"; r=6; t=60');
          expect(headers["ratelimit-policy"]).toMatch(
            /^"new";q=9;w=60, "7-in-1min"; q=7; w=60; pk=/,
          );
          const front = await request(app(theirs("draft-8"), ours())).get("/");
          expect(front.headers["ratelimit"]).toBe('"7-in-1min"; r=6; t=60, "new";r=8;t=54');
        },
      'the same with `"draft-6"` or `"draft-7"`': async () => {
        const six = await request(app(ours(), theirs("draft-6"))).get("/");
        expect(six.headers["ratelimit-policy"]).toBe("7;w=60");
        const seven = await request(app(ours(), theirs("draft-7"))).get("/");
        expect(seven.headers["ratelimit"]).toBe("limit=7, remaining=6, reset=60");
        const front = await request(app(theirs("draft-7"), ours())).get("/");
        expect(front.headers["ratelimit"]).toBe('"new";r=8;t=54');
      },
    };

    it.each(firstCells("While both are there"))("%s", async (cell) => {
      expect(rows).toHaveProperty([cell]);
      await rows[cell]?.();
    });

    it("has no check without a row", () => {
      expect(Object.keys(rows)).toEqual(firstCells("While both are there"));
    });
  });
});
