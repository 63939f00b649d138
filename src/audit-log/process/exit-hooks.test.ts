import { afterEach, describe, expect, it, vi } from "vitest";
import { addExitHook, removeExitHook } from "./exit-hooks.js";

afterEach(() => vi.resetModules());

describe("hooks of the exit", () => {
  it("are one listener for all copies of the library, in front of the app's, and leave none behind", async () => {
    const before = process.listenerCount("exit");
    const ofApp = (): void => undefined;
    process.on("exit", ofApp);
    const removals: (() => void)[] = [];
    for (let copy = 0; copy < 15; copy += 1) {
      vi.resetModules();
      const hooks = await import("./exit-hooks.js");
      const hook = (): void => undefined;
      hooks.addExitHook(hook);
      removals.push(() => hooks.removeExitHook(hook));
    }
    expect(process.listenerCount("exit")).toBe(before + 2);
    expect(process.listeners("exit").indexOf(ofApp)).toBeGreaterThan(0);
    for (const remove of removals) remove();
    process.removeListener("exit", ofApp);
    expect(process.listenerCount("exit")).toBe(before);
  });

  it("come back when they are asked for again after the app removed every listener", () => {
    const others = process.listeners("exit");
    const hook = (): void => undefined;
    addExitHook(hook);
    process.removeAllListeners("exit");
    addExitHook(hook);
    expect(process.listenerCount("exit")).toBe(1);
    removeExitHook(hook);
    expect(process.listenerCount("exit")).toBe(0);
    for (const listener of others) process.on("exit", listener as () => void);
  });
});
