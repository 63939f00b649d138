import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { legacyApp, type RunningApp } from "../support/legacy-app.js";
import { attacks } from "./attacks.js";
import { itServesTheClub } from "./behaviour.js";

const club = legacyApp("sessions-and-pages", {
  express: "express4-17",
  ...own("express-session", "cors"),
});

function own(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

afterAll(() => club.remove());

describe("sessions and pages, before", () => {
  let app: RunningApp;
  beforeEach(async () => {
    app = await club.start("before");
  });
  afterEach(() => app.close());

  itServesTheClub(() => app.url);

  it.each(attacks)("an attacker $name ($risk)", async ({ run }) => {
    expect(await run(app)).toBe(true);
  });
});
