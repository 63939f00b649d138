import { inTransition, legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks } from "./attacks.js";
import { itServesTheUsers } from "./behaviour.js";

const hardened = { JWT_SECRET: "a secret of the tests that is long enough" };

describeLegacyApp({
  name: "own-tokens",
  app: legacyApp(
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
  ),
  attacks,
  behaviour: itServesTheUsers,
});
