import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { legacyApp, type RunningApp } from "../support/legacy-app.js";
import { attacks } from "./attacks.js";
import { itServesTheBlog } from "./behaviour.js";

const blog = legacyApp("token-scheme", {
  cors: "cors",
  express: "express",
  "express-jwt": "express-jwt",
  jsonwebtoken: "jsonwebtoken",
});

afterAll(() => blog.remove());

describe("Token scheme, before", () => {
  let app: RunningApp;
  beforeEach(async () => {
    app = await blog.start("before");
  });
  afterEach(() => app.close());

  itServesTheBlog(() => app.url);

  it.each(attacks)("an attacker $name ($risk)", async ({ run }) => {
    expect(await run(app)).toBe(true);
  });
});
