import { expect, it } from "vitest";
import { inTransition, legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks, open } from "./attacks.js";
import { itServesTheUsers } from "./behaviour.js";

const hardened = { JWT_SECRET: "a secret of the tests that is long enough" };

const app = legacyApp(
  "own-tokens",
  {
    cors: "cors",
    express: "express4",
    joi: "joi-17",
    jsonwebtoken: "jsonwebtoken",
    passport: "passport",
    "passport-jwt": "passport-jwt",
  },
  {
    before: { JWT_SECRET: undefined },
    report: { ...hardened, ...inTransition() },
    enforce: hardened,
  },
);

describeLegacyApp({
  name: "own-tokens",
  app,
  attacks,
  open,
  behaviour: itServesTheUsers,
});

it("does not start to enforce without the variable of its secret", async () => {
  await expect(app.start("enforce", { JWT_SECRET: undefined })).rejects.toThrow("secret");
});
