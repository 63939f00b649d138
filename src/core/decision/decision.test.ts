import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Request } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { DECISION_CHANNEL, type Decision, decisionsOf, recordDecision } from "./decision.js";

type Subscriber = Parameters<typeof subscribe>[1];

const ALLOWED: Decision = { guard: "requireRole", outcome: "allow", enforced: true, code: "ok" };

describe("recordDecision", () => {
  const subscribers: Subscriber[] = [];

  function listen(subscriber: Subscriber): void {
    subscribers.push(subscriber);
    subscribe(DECISION_CHANNEL, subscriber);
  }

  afterEach(() => {
    for (const subscriber of subscribers.splice(0)) unsubscribe(DECISION_CHANNEL, subscriber);
  });

  it("keeps every decision of the request in order, frozen", () => {
    const req = {} as Request;
    recordDecision(req, { ...ALLOWED });
    recordDecision(req, { ...ALLOWED, outcome: "deny", code: "access_denied", status: 403 });
    const decisions = decisionsOf(req);
    expect(decisions.map((decision) => decision.code)).toEqual(["ok", "access_denied"]);
    expect(decisions.every((decision) => Object.isFrozen(decision))).toBe(true);
  });

  it("publishes what it keeps", () => {
    const seen: unknown[] = [];
    listen((message, name) => void seen.push([message, name]));
    const req = {} as Request;
    recordDecision(req, { ...ALLOWED });
    expect(seen).toEqual([[ALLOWED, "express-secure-api:decision"]]);
    expect((seen[0] as unknown[])[0]).toBe(decisionsOf(req)[0]);
  });

  it("outlives subscribers that throw or reject, and calls the others", async () => {
    const seen: unknown[] = [];
    listen(() => {
      throw new Error("broken monitor");
    });
    listen((async () => {
      throw new Error("broken asynchronous monitor");
    }) as Subscriber);
    listen((message) => void seen.push(message));
    // Vitest fails the run on an uncaught exception or an unhandled rejection.
    recordDecision({} as Request, { ...ALLOWED });
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toHaveLength(1);
  });

  it("calls all subscribers although one leaves while it is called", () => {
    const seen: string[] = [];
    const once: Subscriber = () => {
      seen.push("once");
      unsubscribe(DECISION_CHANNEL, once);
    };
    listen(once);
    listen(() => void seen.push("always"));
    recordDecision({} as Request, { ...ALLOWED });
    recordDecision({} as Request, { ...ALLOWED });
    expect(seen).toEqual(["once", "always", "always"]);
  });
});
