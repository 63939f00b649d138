import type { Express } from "express";
import request, { type Response } from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { secureHeaders } from "../../src/secure-headers/index.js";
import { listenToDecisions } from "../support/decisions.js";
import { expressVersions } from "../support/express.js";
import { guideSections, guideText } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";

const GUIDE = "migrate-from-helmet-and-cors.md";
const LISTED = "https://app.example.com";
const FOREIGN = "https://evil.example";
const sections = guideSections(GUIDE);
const decisions = listenToDecisions();

/** The blocks in front of the first step, and of each step. */
const [before = "", oldLimit = ""] = textBeforeSteps();
const [look = ""] = blocksOf("1. Look");
const [enforce = "", end = ""] = blocksOf("3. Enforce, and remove the old ones");
const routes = [
  'app.get("/", (_req, res) => { res.json({ ok: true }); });',
  'app.post("/", (_req, res) => { res.json({ changed: true }); });',
  'app.options("/", (_req, res) => { res.send("options of the app"); });',
].join("\n");

function blocksOf(heading: string): readonly string[] {
  const found = sections.find((section) => section.heading === heading);
  if (found === undefined) throw new Error(`the guide has no section ${heading}`);
  return found.blocks("js");
}

/** Those stand under the title of the page, which is no section. */
function textBeforeSteps(): readonly string[] {
  const text = guideText(GUIDE);
  const top = text.slice(0, text.indexOf("\n## "));
  return [...top.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
}

/** The header fields of the answer, without those that say when. */
function fieldsOf({ headers }: Response): Record<string, unknown> {
  const { date: _date, connection: _connection, "x-ratelimit-reset": _reset, ...rest } = headers;
  return rest;
}

function namesOf(answer: Response): readonly string[] {
  const { rawHeaders } = (answer as unknown as { res: { rawHeaders: readonly string[] } }).res;
  return rawHeaders.filter((_value, at) => at % 2 === 0).map((name) => name.toLowerCase());
}

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("an app with helmet and cors on Express %s", (_major, express) => {
  function run(...parts: readonly string[]): Express {
    const app = express();
    app.set("env", "test");
    // Each block is a module of its own. The records of these requests would go to the standard output.
    for (const part of parts) {
      runOnApp(app, express, part.replace("secureApi({", "secureApi({ auditLog: false,"), {});
    }
    return app;
  }
  const get = (app: Express, origin = LISTED) => request(app).get("/").set("Origin", origin);
  const preflight = (app: Express, origin: string, headers = "content-type") =>
    request(app).options("/").set({
      Origin: origin,
      "Access-Control-Request-Method": "PUT",
      "Access-Control-Request-Headers": headers,
    });
  const crossSite = (app: Express) =>
    request(app)
      .post("/")
      .set({ Origin: FOREIGN, "Sec-Fetch-Site": "cross-site", Cookie: "session=1" });

  describe("while it looks", () => {
    it("sends what it sent before, and a policy that browsers only report", async () => {
      for (const origin of [LISTED, FOREIGN]) {
        const old = fieldsOf(await get(run(before, oldLimit, routes), origin).expect(200));
        const { "content-security-policy-report-only": added, ...rest } = fieldsOf(
          await get(run(look, before, oldLimit, routes), origin).expect(200),
        );
        expect(rest).toEqual(old);
        expect(added).toContain("default-src 'self'");
      }
    });

    it("answers preflights and refuses nothing, as before", async () => {
      const [old, looking] = [run(before, routes), run(look, before, routes)];
      for (const origin of [LISTED, FOREIGN]) {
        const answers = [await preflight(old, origin), await preflight(looking, origin)];
        expect(answers.map(({ status }) => status)).toEqual([204, 204]);
        const [theirs, ours] = answers.map(
          ({ headers }) => headers["access-control-allow-methods"],
        );
        expect(ours).toBe(theirs);
      }
      await crossSite(looking).expect(200);
    });

    it("records what would be refused, by the codes of the guide", async () => {
      const app = run(look.replace("limit: 100", "limit: 3"), before, routes);
      await get(app, FOREIGN).expect(200);
      await crossSite(app).expect(200);
      for (let n = 0; n < 3; n += 1) await request(app).get("/").expect(200);
      const refused = decisions.filter(({ outcome }) => outcome === "deny");
      expect(refused.every(({ enforced }) => !enforced)).toBe(true);
      const codes = [...new Set(refused.map(({ code }) => code))];
      const listed = sections
        .find(({ heading }) => heading === "2. Read the log")
        ?.tables[0]?.rows.map((row) => /`(\w+)`/.exec(row["code"] ?? "")?.[1]);
      expect([...codes, "page_affected"].sort()).toEqual(listed?.toSorted());
    });
  });

  describe("when it enforces", () => {
    it("sends the security headers of before, to the letter", async () => {
      const old = fieldsOf(await get(run(before, routes)).expect(200));
      const ours = fieldsOf(await get(run(enforce, routes, end)).expect(200));
      expect(ours).toMatchObject(old);
      const added = Object.keys(ours).filter((name) => !(name in old));
      expect(added.every((name) => /^(x-)?ratelimit|^access-control-expose/.test(name))).toBe(true);
    });

    it("keeps them on a page that is not there", async () => {
      const path = "/nowhere";
      const old = await request(run(before, routes)).get(path).expect(404);
      expect(old.headers["content-security-policy"]).toBe("default-src 'none'");
      const ours = await request(run(enforce, routes, end))
        .get(path)
        .expect(404);
      expect(ours.headers["content-security-policy"]).toContain("default-src 'self'");
      expect(ours.body.code).toBe("not_found");
    });

    it("lets the listed pages read, and refuses what others may not do", async () => {
      const app = run(enforce, routes, end);
      const { headers } = await preflight(app, LISTED).expect(204);
      expect(headers["access-control-allow-origin"]).toBe(LISTED);
      expect(headers["access-control-allow-credentials"]).toBe("true");
      const refused = await preflight(app, FOREIGN).expect(403);
      expect(refused.body.code).toBe("cors_not_allowed");
      const foreign = await get(app, FOREIGN).expect(200);
      expect(foreign.headers).not.toHaveProperty("access-control-allow-origin");
      expect((await crossSite(app).expect(403)).body.code).toBe("cross_origin_blocked");
    });

    it("answers 429 once the limit is spent, and gives it back bit by bit", async () => {
      vi.useFakeTimers({ toFake: ["Date", "performance"] });
      const app = run(enforce, routes, end);
      for (let n = 0; n < 100; n += 1) await request(app).get("/").expect(200);
      const { body, headers } = await request(app).get("/").expect(429);
      expect(body.code).toBe("rate_limit_exceeded");
      expect(headers["retry-after"]).toBe("1");
      vi.advanceTimersByTime(600);
      await request(app).get("/").expect(200);
      await request(app).get("/").expect(429);
    });

    it("enforces what it looked at", () => {
      const made = (code: string) => code.slice(code.indexOf("app.use("));
      expect(made(enforce)).toBe(made(look).replace('    mode: "report",\n', ""));
    });
  });

  describe("while both enforce", () => {
    const open = before.replace(/cors\(\{.*\}\)/, "cors()");

    it("lets what runs later win, and sends no header field twice", async () => {
      const strict = enforce.replace('preset: "helmet"', 'preset: "api"');
      const answer = await get(run(strict, before, routes)).expect(200);
      expect(answer.headers).toMatchObject({
        "x-frame-options": "SAMEORIGIN",
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
      });
      expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
      expect(namesOf(answer)).toEqual([...new Set(namesOf(answer))]);
    });

    it("lets no other page read although cors() for every origin is behind", async () => {
      const app = run(enforce, open, routes);
      const { headers } = await get(app, FOREIGN).expect(200);
      expect(headers).not.toHaveProperty("access-control-allow-origin");
      await preflight(app, FOREIGN).expect(403);
      await crossSite(app).expect(403);
    });

    it("leaves to helmet and cors in front what only they have", async () => {
      const strict = enforce.replace('preset: "helmet"', 'preset: "api"');
      const app = run(open, strict, routes);
      const { headers } = await get(app).expect(200);
      expect(headers).toMatchObject({
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "access-control-allow-origin": LISTED,
      });
      await preflight(app, FOREIGN).expect(204);
      const foreign = await get(app, FOREIGN).expect(200);
      expect(foreign.headers).not.toHaveProperty("access-control-allow-origin");
    });

    it("lets a limiter that runs later set the quota that clients read", async () => {
      const later = oldLimit.replace("limit: 100", 'limit: 7, standardHeaders: "draft-8"');
      const { headers } = await get(run(enforce, later, routes)).expect(200);
      expect(headers["x-ratelimit-limit"]).toBe("7");
      expect(headers["ratelimit"]).toBe('"100-per-1m";r=99;t=60, "7-in-1min"; r=6; t=60');
    });
  });

  it("tries a stricter preset behind the one that counts", async () => {
    const app = run(enforce);
    app.use(secureHeaders({ mode: "report", preset: "web" }));
    app.get("/", (_req, res) => void res.type("html").send("<p>page"));
    const { headers } = await request(app).get("/").expect(200);
    expect(headers["content-security-policy"]).toContain("style-src 'self' https: 'unsafe-inline'");
    expect(headers["content-security-policy-report-only"]).not.toContain("unsafe-inline");
    expect(headers["content-security-policy-report-only"]).toContain("default-src 'self'");
  });
});
