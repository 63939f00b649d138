import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { legacyApp, type RunningApp } from "../support/legacy-app.js";
import { attacks } from "./attacks.js";
import { itServesTheUsers } from "./behaviour.js";

const shop = legacyApp("own-tokens", {
  cors: "cors",
  express: "express4",
  joi: "joi-17",
  jsonwebtoken: "jsonwebtoken",
  passport: "passport",
  "passport-jwt": "passport-jwt",
});

afterAll(() => shop.remove());

describe("own tokens, before", () => {
  let app: RunningApp;
  beforeEach(async () => {
    app = await shop.start("before");
  });
  afterEach(() => app.close());

  itServesTheUsers(() => app);

  it.each(attacks)("an attacker $name ($risk)", async ({ run }) => {
    expect(await run(app)).toBe(true);
  });
});
