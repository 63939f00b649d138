import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { OutsideScope } from "./outside-scope.js";

describe("OutsideScope", () => {
  it("leaves the context of the request that uses it", () => {
    const context = new AsyncLocalStorage<string>();
    const scope = new OutsideScope("ExpressSecureApiTest");
    const seen = context.run("request", () =>
      scope.runInAsyncScope(() => context.getStore() ?? "none"),
    );
    expect(seen).toBe("none");
  });
});
