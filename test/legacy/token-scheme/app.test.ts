import { inTransition, legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks } from "./attacks.js";
import { itServesTheBlog } from "./behaviour.js";

const hardened = { NODE_ENV: "production", SECRET: "a secret of the tests that is long enough" };

describeLegacyApp({
  name: "token-scheme",
  app: legacyApp(
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
  ),
  attacks,
  behaviour: (running) => itServesTheBlog(() => running().url),
});
