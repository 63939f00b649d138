import { describe, expect, it } from "vitest";
import { closest } from "./spelling.js";

const NAMES = ["audience", "issuer", "jwksUri", "mode", "key"];

describe("closest", () => {
  it.each([
    ["audience", "audience"],
    ["AUDIENCE", "audience"],
    ["jwks_uri", "jwksUri"],
    ["jwks-uri", "jwksUri"],
    ["audiense", "audience"],
    ["adience", "audience"],
    ["isuer", "issuer"],
    ["moed", "mode"],
    ["keys", "key"],
    ["mdoe", "mode"],
  ])("takes %s for %s", (written, meant) => {
    expect(closest(written, NAMES)).toBe(meant);
  });

  it.each([
    "",
    "x",
    "ab",
    "kex1",
    "role",
    "body",
    "mood",
    "password",
    "audiencexyz",
    "x".repeat(41),
  ])("has no guess for %j", (written) => {
    expect(closest(written, NAMES)).toBeUndefined();
  });

  it("prefers the nearest name, and the first of equals", () => {
    expect(closest("limis", ["limes", "limit", "limits"])).toBe("limes");
    expect(closest("limitt", ["limis", "limit"])).toBe("limit");
  });
});
