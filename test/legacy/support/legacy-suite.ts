import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Attack } from "./attack.js";
import { changesOf } from "./changed-lines.js";
import type { LegacyApp, RunningApp, Variant } from "./legacy-app.js";

export interface LegacySuite {
  readonly name: string;
  readonly app: LegacyApp;
  readonly attacks: readonly Attack[];
  /** Registers the tests that the app has of its own. */
  readonly behaviour: (running: () => RunningApp) => void;
}

/** Runs the tests of the app itself, and the attacks, before it is hardened, while guards only report, and when they enforce. */
export function describeLegacyApp({ name, app, attacks, behaviour }: LegacySuite): void {
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

    for (const { name: attack, named, run } of attacks) {
      if (named === null) it.todo(`names it when an attacker ${attack}`);
      else
        it(`names it when an attacker ${attack}`, async () => {
          await run(running());
          const decisions = () =>
            running()
              .records()
              .flatMap((record) => record["audit.decisions"]);
          await expect.poll(decisions).toContain(named);
        });
    }
  });

  describeVariant("enforce", (running) => {
    behaviour(running);

    for (const { name: attack, refused, run } of attacks) {
      if (refused === false) it.todo(`refuses it when an attacker ${attack}`);
      else
        it(`refuses it when an attacker ${attack}`, async () => {
          expect(await run(running())).toBe(false);
        });
    }
  });

  it("needs at most 30 changed lines, none of which is long", () => {
    const { lines, longest } = changesOf(name);
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThanOrEqual(30);
    expect(longest).toBeLessThanOrEqual(120);
  });
}

/** Apps with pages refuse by leading to the login. */
function isRefusedByTheApp(record: Record<string, unknown>): boolean {
  const status = Number(record["http.response.status_code"]);
  const toLogin = status === 302 && record["audit.reported.code"] === "authentication_required";
  return status >= 400 || toLogin;
}
