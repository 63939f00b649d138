import { describe, expect, it, vi } from "vitest";
import type { RequestFacts } from "../facts/request-facts.js";
import type { AlertTeller } from "./alert-teller.js";
import { RouteWatch } from "./route-watch.js";
import type { RuleSettings } from "./rules/alert-settings.js";

const spike = { name: "5xx-spike", threshold: 1, windowMs: 60_000, cooldownMs: 60_000 };

describe("the watch of routes", () => {
  it("holds a bounded number of routes", () => {
    const tell = vi.fn();
    const teller = { tell } as unknown as AlertTeller;
    const watch = new RouteWatch({ spike: spike as RuleSettings, drift: undefined }, teller);
    const see = (route: string, status: number): void => {
      const verdict = { status, aborted: false, event: { name: "api_request" } };
      watch.observe({ route, verdict, entry: {} } as RequestFacts, 0);
    };
    for (let n = 0; n < 1000; n += 1) see(`/${n}`, 200);
    see("/1000", 500);
    expect(tell).not.toHaveBeenCalled();
    see("/999", 500);
    expect(tell).toHaveBeenCalledOnce();
  });
});
