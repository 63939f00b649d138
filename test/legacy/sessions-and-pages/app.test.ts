import { legacyApp } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks } from "./attacks.js";
import { itServesTheClub } from "./behaviour.js";

describeLegacyApp({
  name: "sessions-and-pages",
  app: legacyApp(
    "sessions-and-pages",
    { cors: "cors", express: "express4-17", "express-session": "express-session" },
    { before: {}, report: {}, enforce: {} },
  ),
  attacks,
  behaviour: (running) => itServesTheClub(() => running().url),
});
