import type { RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { giveDetails, guardDetails } from "./guard-details.js";
import { describeGuard, type GuardDescription, guardMark, markGuard } from "./guard-mark.js";

const limits = [{ name: "a", limit: 1, windowSeconds: 60, by: "address" as const }];

describe("the details of a guard", () => {
  it("are asked for when somebody wants them, and are frozen copies", () => {
    let calls = 0;
    const schema = { type: "object", properties: { a: { type: "string" } } };
    const handler = giveDetails(handlerOf(), () => {
      calls += 1;
      return { limits, schemas: { body: schema, query: true }, status: 422 };
    });
    expect(calls).toBe(0);
    const details = guardDetails(handler);
    expect(details).toEqual({ limits, schemas: { body: schema, query: true }, status: 422 });
    expect(calls).toBe(1);
    const body = details?.schemas?.["body"] as typeof schema;
    expect(body).not.toBe(schema);
    for (const part of [details, details?.limits, details?.limits?.[0], body, body.properties])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it("are not enumerable, so that nothing copies them with a brand", () => {
    expect(Object.keys(giveDetails(handlerOf(), () => ({ limits })))).toEqual([]);
    expect({ ...giveDetails(handlerOf(), () => ({ limits })) }).toEqual({});
  });

  it("are found by other copies of the library", () => {
    const key = Symbol.for("express-secure-api.guard-details/1");
    const handler = Object.assign(handlerOf(), { [key]: { describe: () => ({ limits }) } });
    expect(guardDetails(handler)).toEqual({ limits });
  });

  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const deep = (): object => ({
    type: "not",
    get of() {
      return deep();
    },
  });
  it.each<[string, unknown, unknown]>([
    ["nothing", undefined, undefined],
    ["no object", "limits", undefined],
    ["a list of limits with one that is none", { limits: [...limits, {}] }, {}],
    ["wrong types", { limits: 1, headers: [1], schemas: [], status: "422", parts: {} }, {}],
    ...[0, 200, 399, 600, 422.5, Number.NaN].map((status): [string, unknown, unknown] => [
      `the status ${status}, which is no refusal`,
      { status },
      {},
    ]),
    ...[Number.NaN, Number.POSITIVE_INFINITY, -1].map((amount): [string, unknown, unknown] => [
      `${amount} as a limit`,
      { limits: [{ name: "a", limit: amount, windowSeconds: 60, by: "key" }] },
      {},
    ]),
    [
      "a schema that is no JSON",
      { schemas: { body: circle, query: 1n } },
      { schemas: { body: true, query: true } },
    ],
    ["a requirement of an unknown type", { requirement: { type: "x" } }, {}],
    ["a requirement without a match", { requirement: { type: "role", names: ["a"] } }, {}],
    ["a requirement without an end", { requirement: deep() }, {}],
    [
      "what is unknown",
      { more: 1, requirement: { type: "other", rule: "r", x: 1 } },
      { requirement: { type: "other", rule: "r" } },
    ],
    [
      "parts of which one says nothing",
      { parts: [{ limits }, null, 1] },
      { parts: [{ limits }, null, null] },
    ],
  ])("are only what is understood: %s", (_what, given, understood) => {
    expect(guardDetails(giveDetails(handlerOf(), () => given as object))).toEqual(understood);
  });

  it("are nothing when the guard fails to say them, or says none", () => {
    const failing = giveDetails(handlerOf(), () => {
      throw new Error("no");
    });
    expect(guardDetails(failing)).toBeUndefined();
    expect(guardDetails(handlerOf())).toBeUndefined();
  });
});

describe("the description of a guard", () => {
  const description: GuardDescription = { guard: "g", kind: "limit", mode: "enforce" };

  it("is its brand with its details", () => {
    const handler = giveDetails(markGuard(handlerOf(), description), () => ({ limits }));
    expect(describeGuard(handler)).toEqual({ ...description, details: { limits } });
    expect(guardMark(handler)).toEqual(description);
  });

  it("is the brand alone where a wrapper has copied that and no more", () => {
    const handler = giveDetails(markGuard(handlerOf(), description), () => ({ limits }));
    expect(describeGuard({ ...handler })).toEqual(description);
  });

  it("is nothing without a brand, and the brand never holds details", () => {
    expect(describeGuard(giveDetails(handlerOf(), () => ({ limits })))).toBeUndefined();
    const marked = markGuard(handlerOf(), { ...description, details: { limits } });
    expect(describeGuard(marked)).toEqual(description);
  });

  it("gives the parts of a preset theirs, unless there are others than the brand has", () => {
    const parts = [description, { ...description, guard: "h" }];
    const preset: GuardDescription = { guard: "p", kind: "preset", mode: "enforce", parts };
    const fitting = giveDetails(markGuard(handlerOf(), preset), () => ({
      parts: [null, { limits }],
    }));
    expect(describeGuard(fitting)?.parts).toEqual([parts[0], { ...parts[1], details: { limits } }]);
    const other = giveDetails(markGuard(handlerOf(), preset), () => ({ parts: [{ limits }] }));
    expect(describeGuard(other)).toEqual(preset);
  });
});

function handlerOf(): RequestHandler {
  return (_req, _res, next) => next();
}
