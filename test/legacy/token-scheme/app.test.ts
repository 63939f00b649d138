import { legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks } from "./attacks.js";
import { itServesTheBlog } from "./behaviour.js";

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
    { SECRET: "a secret of the tests that is long enough" },
  ),
  attacks,
  behaviour: (running) => itServesTheBlog(() => running().url),
});
