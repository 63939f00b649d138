import request from "supertest";
import { expect, it } from "vitest";
import { tokenScheme } from "../support/apps.js";
import { whileEnforcing } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks, open } from "./attacks.js";
import { itServesTheBlog } from "./behaviour.js";
import { BEN, login } from "./client.js";

const app = tokenScheme();

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

it("answers 403 to the change of an article that does not exist", () =>
  whileEnforcing(app, async ({ url }) => {
    const answer = await request(url)
      .put("/api/articles/nothing")
      .set("Authorization", await login(url, BEN))
      .send({ article: { body: "x" } });
    expect([answer.status, answer.body.code]).toEqual([403, "access_denied"]);
  }));
