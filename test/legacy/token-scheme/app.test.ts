import { expect, it } from "vitest";
import { inTransition, legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks, open } from "./attacks.js";
import { itServesTheBlog } from "./behaviour.js";

const hardened = { NODE_ENV: "production", SECRET: "a secret of the tests that is long enough" };

const app = legacyApp(
  "token-scheme",
  {
    cors: "cors",
    express: "express",
    "express-jwt": "express-jwt",
    jsonwebtoken: "jsonwebtoken",
  },
  {
    before: { SECRET: undefined },
    report: { ...hardened, ...inTransition() },
    enforce: hardened,
  },
);

describeLegacyApp({
  name: "token-scheme",
  app,
  attacks,
  open,
  behaviour: (running) => itServesTheBlog(() => running().url),
});

it("does not start to enforce without the variable of its secret", async () => {
  await expect(app.start("enforce", { SECRET: undefined })).rejects.toThrow("secret");
});
