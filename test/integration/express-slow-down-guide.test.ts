import { createRequire } from "node:module";
import { join } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../support/express.js";
import { guideSections, guideText } from "../support/guide.js";
import { runOnApp } from "../support/guide-app.js";
import { root } from "../support/package-manifest.js";

const GUIDE = "migrate-from-express-slow-down.md";
const OLD = "express-slow-down";

const sections = guideSections(GUIDE);
const codeUnder = (heading: string): string =>
  sections.find((one) => one.heading === heading)?.blocks("js")[0] ?? "";
const before = /^```js\n([\s\S]*?)^```$/m.exec(guideText(GUIDE))?.[1] ?? "";
const isInstalled = hasPackage();
if (!isInstalled)
  console.warn(`Comparisons with ${OLD} are skipped: the package is not installed.`);

function hasPackage(): boolean {
  try {
    createRequire(join(root, "package.json")).resolve(OLD);
    return true;
  } catch {
    return false;
  }
}

/** As both packages document it: 5 at full speed, then 100 ms more each time, up to 2 s. */
const EXPECTED = Array.from({ length: 40 }, (_none, index) =>
  Math.max(0, Math.min(2000, (index + 1 - 5) * 100)),
);

const realTimer = setTimeout;

afterEach(() => vi.restoreAllMocks());

describe.each(expressVersions)(
  "express-slow-down and slowDown on Express %s",
  (_major, express) => {
    function run(code: string): Express {
      const app = express();
      app.set("env", "test");
      runOnApp(app, express, code, {});
      app.get("/", (_req, res) => void res.send("ok"));
      return app;
    }

    /** For how long each of so many requests is held, in whole steps. Nothing waits for real. */
    async function delaysOf(app: Express, count: number): Promise<readonly (number | string)[]> {
      let held = 0;
      vi.spyOn(globalThis, "setTimeout").mockImplementation(((done: () => void, ms = 0) => {
        const isDelay = ms >= 100 && ms <= 2000 && ms % 100 === 0;
        if (isDelay) held = ms;
        return realTimer(done, isDelay ? 1 : ms);
      }) as never);
      const server = app.listen(0);
      const found: (number | string)[] = [];
      for (let index = 0; index < count; index += 1) {
        held = 0;
        const { status } = await request(server).get("/");
        found.push(status === 200 ? held : `${status}`);
      }
      server.close();
      return found;
    }

    it.runIf(isInstalled)("are what the page says of the old package", async () => {
      expect(await delaysOf(run(before), 40)).toEqual(EXPECTED);
    });

    it("delay as before", async () => {
      expect(await delaysOf(run(codeUnder("The same delays")), 40)).toEqual(EXPECTED);
    });

    it("send no field of a quota, as before", async () => {
      const { headers } = await request(run(codeUnder("The same delays"))).get("/");
      expect(Object.keys(headers).filter((name) => name.includes("ratelimit"))).toEqual([]);
    });

    it("refuse in the end, the better way", async () => {
      const app = run(codeUnder("Better: delays, then a limit"));
      expect(await delaysOf(app, 26)).toEqual([...EXPECTED.slice(0, 25), "429"]);
    });

    it("delay by a constant time, as the page says for delayMs: () => 500", async () => {
      for (const after of [1, 5, 48, 49]) {
        const policy = `limit: ${after + 1}, from: ${after} / ${after + 1}`;
        const code = codeUnder("The same delays")
          .replace("limit: 25", policy.split(", ")[0] ?? "")
          .replace(
            'from: 0.2, step: "100ms", max: "2s"',
            `${policy.split(", ")[1]}, step: "500ms", max: "500ms"`,
          );
        const expected = [...Array<number>(after).fill(0), 500, 500, 500];
        expect(await delaysOf(run(code), after + 3)).toEqual(expected);
      }
    });
  },
);
