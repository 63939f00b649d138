import { expect, it } from "vitest";
import { sessionsAndPages } from "../support/apps.js";
import { whileEnforcing } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks, open } from "./attacks.js";
import { itServesTheClub } from "./behaviour.js";
import { BEN, loggedIn } from "./browser.js";

const app = sessionsAndPages();

describeLegacyApp({
  name: "sessions-and-pages",
  app,
  attacks,
  open,
  behaviour: (running) => itServesTheClub(() => running().url),
});

it.each([
  ["an admin page", "/admin", 403, "access_denied"],
  ["a search that is too large", "/search?limit=1000", 422, "validation_failed"],
])("shows a member who opens %s a page, not JSON", (_what, path, status, code) =>
  whileEnforcing(app, async ({ url }) => {
    const ben = await loggedIn(url, BEN);
    const answer = await ben.get(path).expect(status);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(answer.text).toContain(code);
  }),
);
