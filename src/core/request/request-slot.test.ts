import type { Request } from "express";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { requestSlot } from "./request-slot.js";

const STATE = Symbol.for("express-secure-api.state/1");
const colour = requestSlot<string>("colour");

function bareRequest(): Request {
  return {} as Request;
}

describe("a slot", () => {
  let other: typeof import("./request-slot.js");
  beforeAll(async () => {
    vi.resetModules();
    other = await import("./request-slot.js");
  });

  it("holds one value per request", () => {
    const [req, another] = [bareRequest(), bareRequest()];
    colour.set(req, "red");
    colour.set(another, "blue");
    expect([colour.get(req), colour.get(another)]).toEqual(["red", "blue"]);
    colour.set(req, "green");
    expect(colour.get(req)).toBe("green");
  });

  it("is empty until something is put there, and reading it leaves the request as it was", () => {
    const req = bareRequest();
    expect(colour.get(req)).toBeUndefined();
    expect(Object.getOwnPropertySymbols(req)).toEqual([]);
  });

  it("is shared, by its name, by all installed copies", () => {
    const req = bareRequest();
    expect(other.requestSlot).not.toBe(requestSlot);
    other.requestSlot<string>("colour").set(req, "red");
    expect(colour.get(req)).toBe("red");
    expect(requestSlot<string>("size").get(req)).toBeUndefined();
  });

  it("cannot be replaced, deleted or seen by what lists or copies the request", () => {
    const req = bareRequest();
    colour.set(req, "red");
    expect(() => Object.assign(req, { [STATE]: {} })).toThrow(TypeError);
    expect(Reflect.deleteProperty(req, STATE)).toBe(false);
    expect(colour.get(req)).toBe("red");
    expect(Object.keys(req)).toEqual([]);
    expect(Object.getOwnPropertySymbols({ ...req })).toEqual([]);
  });

  it.each(["toString", "constructor", "__proto__", "polluted"])(
    "named %s is empty like any other, whatever stands on Object.prototype",
    (name) => {
      const req = bareRequest();
      colour.set(req, "red");
      Object.assign(Object.prototype, { polluted: "yes" });
      try {
        expect(requestSlot<unknown>(name).get(req)).toBeUndefined();
      } finally {
        Reflect.deleteProperty(Object.prototype, "polluted");
      }
    },
  );

  it("takes nothing from members of the request that others overwrite", () => {
    const req = Object.assign(bareRequest(), { colour: "red" });
    expect(colour.get(req)).toBeUndefined();
  });
});
