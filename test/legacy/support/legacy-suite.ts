import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Attack, OpenAttack } from "./attack.js";
import { changesOf } from "./changed-lines.js";
import type { LegacyApp, RunningApp, Variant } from "./legacy-app.js";

export interface LegacySuite {
  readonly name: string;
  readonly app: LegacyApp;
  readonly attacks: readonly Attack[];
  /** What stays open. */
  readonly open: readonly OpenAttack[];
  /** Registers the tests that the app has of its own. */
  readonly behaviour: (running: () => RunningApp) => void;
}

/** Runs the tests of the app itself, and the attacks, before it is hardened, while guards only report, and when they enforce. */
export function describeLegacyApp({ name, app, attacks, open, behaviour }: LegacySuite): void {
  afterAll(() => app.remove());

  function describeVariant(variant: Variant, tests: (running: () => RunningApp) => void): void {
    describe(`${name}, ${variant}`, () => {
      let running: RunningApp;
      beforeEach(async () => {
        running = await app.start(variant);
      });
      afterEach(() => running.close());
      tests(() => running);
    });
  }

  describeVariant("before", (running) => {
    behaviour(running);

    it("has 15 attacks", () => {
      expect(attacks).toHaveLength(15);
    });

    it.each(attacks)("an attacker $name", async ({ run }) => {
      expect(await run(running())).toBe(true);
    });
  });

  describeVariant("report", (running) => {
    describe("reports nothing that the app itself does not refuse when it", () => {
      afterEach(() => {
        const wrong = running()
          .records()
          .filter((record) => record["audit.reported.first"] !== undefined)
          .filter((record) => !isRefusedByTheApp(record))
          .map((record) => `${record["http.route"]}: ${record["audit.decisions"]}`);
        expect(wrong).toEqual([]);
      });
      behaviour(running);
    });

    it.each(attacks)("blocks nothing: an attacker $name", async (attack) => {
      expect(await attack.run(running())).toBe(attack.endsWithTheEnvironment !== true);
    });

    it.each(attacks)("names each request by which an attacker $name", async ({ named, run }) => {
      await run(running());
      if (typeof named === "object") {
        await expect.poll(() => running().warnings()).toContain(named.warning);
        return;
      }
      const ids = running().attackingRequests();
      expect(ids).not.toHaveLength(0);
      const namedRequests = () =>
        running()
          .records()
          .filter((record) => wordsOf(record).includes(named))
          .map((record) => record["http.request.id"]);
      await expect.poll(namedRequests).toEqual(expect.arrayContaining([...ids]));
    });
  });

  describeVariant("enforce", (running) => {
    behaviour(running);

    it.each(attacks)("refuses it when an attacker $name", async ({ run }) => {
      expect(await run(running())).toBe(false);
    });

    it.each(open)("still lets an attacker who $name", async ({ run }) => {
      expect(await run(running())).toBe(true);
    });
  });

  it("reports with additions only", () => {
    expect(changesOf(name, "report").removed).toBe(0);
  });

  it("enforces with at most 30 lines added and removed, none of which is long", () => {
    const { added, removed, longest } = changesOf(name, "enforce");
    expect(added + removed).toBeLessThanOrEqual(30);
    expect(longest).toBeLessThanOrEqual(120);
  });
}

function wordsOf(record: Record<string, unknown>): unknown[] {
  return [record["audit.decisions"], record["audit.reported.changes"]].flat();
}

/** Apps with pages refuse by leading to the login. */
function isRefusedByTheApp(record: Record<string, unknown>): boolean {
  const status = Number(record["http.response.status_code"]);
  const toLogin = status === 302 && record["audit.reported.code"] === "authentication_required";
  return status >= 400 || toLogin;
}
