import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  assertRoutesGuarded,
  auditRoutes,
  probeRoutes,
} from "../../../src/route-audit/index.js";
import type { Attack, OpenAttack } from "./attack.js";
import type { LegacyApp, RunningApp, Variant } from "./legacy-app.js";

export interface TableFacts {
  /** Every route of the app, as the audit names it: before the table, all of them are open. */
  readonly routes: readonly string[];
  /** Those to whose handler a request without credentials comes, before the table. */
  readonly reached: readonly string[];
  /** Those that are still open in `enforce.js`, whose guards stand on single routes. */
  readonly enforced: readonly string[];
  /** Those that were found open by hand. */
  readonly byHand: readonly string[];
  /** Those that the table opens, with its reasons. */
  readonly open: Readonly<Record<string, string>>;
  /** The names of the attacks that the table does not stop. */
  readonly works: readonly string[];
  /** The status with which the table answers an unknown address in place of 404. */
  readonly unknown: number;
}

interface TableSuite {
  readonly name: string;
  readonly app: LegacyApp;
  readonly facts: TableFacts;
  readonly attacks: readonly (Attack | OpenAttack)[];
  /** Registers the tests that the app has of its own; `unknown` is the status of an unknown address. */
  readonly behaviour: (running: () => RunningApp, options: { readonly unknown: number }) => void;
}

interface Audit {
  readonly assertRoutesGuarded: typeof assertRoutesGuarded;
  readonly auditRoutes: typeof auditRoutes;
  readonly probeRoutes: typeof probeRoutes;
}

/** Puts the table of `table.js` in front of the untouched app, and audits both. */
export function describeTable({ name, app, facts, attacks, behaviour }: TableSuite): void {
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

  const auditOf = (running: RunningApp) => running.load("express-secure-api/route-audit") as Audit;
  const appOf = (running: RunningApp, file: string) =>
    running.load(file) as Parameters<typeof auditRoutes>[0];

  describeVariant("before", (running) => {
    it("has every route in the audit as open, those among them that were found by hand", () => {
      const { routes } = auditOf(running()).auditRoutes(appOf(running(), "./app.js"));
      const open = routes.filter(({ status }) => status === "open").map(nameOf);
      expect(open).toEqual(facts.routes);
      expect(routes).toHaveLength(open.length);
      expect(open).toEqual(expect.arrayContaining([...facts.byHand]));
    });

    it("lets requests without credentials come to the handlers that the probe names", async () => {
      const { routes } = await auditOf(running()).probeRoutes(appOf(running(), "./app.js"));
      const reached = routes.filter(({ outcome }) => outcome === "reached").map(nameOf);
      expect(reached).toEqual(facts.reached);
    });
  });

  describeVariant("enforce", (running) => {
    it("has the routes in the audit as open on which no guard stands", () => {
      const { routes } = auditOf(running()).auditRoutes(appOf(running(), "./enforce.js"));
      const open = routes.filter(({ status }) => status === "open").map(nameOf);
      expect(open).toEqual(facts.enforced);
    });
  });

  describeVariant("table", (running) => {
    it("guards every route, or opens it with a reason, and has no row without a route", () => {
      const report = auditOf(running()).auditRoutes(appOf(running(), "./table.js"));
      const status = (wanted: string) =>
        report.routes.filter((route) => route.status === wanted).map(nameOf);
      const open = report.routes.filter((route) => route.status === "public");
      expect(report.routes.map(nameOf)).toEqual(facts.routes);
      expect(Object.fromEntries(open.map((route) => [nameOf(route), route.reason]))).toEqual(
        facts.open,
      );
      expect(status("guarded")).toEqual(facts.routes.filter((route) => !(route in facts.open)));
      expect(report.unused).toEqual([]);
    });

    it("passes the test that fails for open routes, also with what a probe finds", async () => {
      const { assertRoutesGuarded: assertGuarded, probeRoutes: probe } = auditOf(running());
      const table = appOf(running(), "./table.js");
      const found = await probe(table);
      expect(() => assertGuarded(table, { probe: found })).not.toThrow();
    });

    behaviour(running, { unknown: facts.unknown });

    it.each(attacks.filter(({ name: attack }) => !facts.works.includes(attack)))(
      "refuses it when an attacker $name",
      async ({ run }) => {
        expect(await run(running())).toBe(false);
      },
    );

    it.each(attacks.filter(({ name: attack }) => facts.works.includes(attack)))(
      "still lets an attacker who $name",
      async ({ run }) => {
        expect(await run(running())).toBe(true);
      },
    );

    it("names no attack that there is not", () => {
      expect(attacks.map((attack) => attack.name)).toEqual(
        expect.arrayContaining([...facts.works]),
      );
    });
  });
}

function nameOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}
