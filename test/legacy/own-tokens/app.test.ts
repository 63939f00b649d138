import jsonwebtoken from "jsonwebtoken";
import request from "supertest";
import { expect, it } from "vitest";
import { JWT_SECRET, ownTokens } from "../support/apps.js";
import { whileEnforcing } from "../support/legacy-app.js";
import { describeLegacyApp } from "../support/legacy-suite.js";
import { attacks, open } from "./attacks.js";
import { itServesTheUsers } from "./behaviour.js";
import { BEN, bearer, login } from "./client.js";

const app = ownTokens();

describeLegacyApp({
  name: "own-tokens",
  app,
  attacks,
  open,
  behaviour: (running) => itServesTheUsers(running),
});

it("does not start to enforce without the variable of its secret", async () => {
  await expect(app.start("enforce", { JWT_SECRET: undefined })).rejects.toThrow("secret");
});

it.each([
  ["read another user", "get", "/v1/users/1"],
  ["change the settings of another user", "put", "/v1/users/1/settings"],
  ["delete himself", "delete", "/v1/users/2"],
] as const)("answers 403 to a user who wants to %s", (_what, method, path) =>
  whileEnforcing(app, async ({ url }) => {
    const { access } = await login(url, BEN);
    const answer = await request(url)[method](path).set("Authorization", bearer(access));
    expect([answer.status, answer.body.code]).toEqual([403, "access_denied"]);
  }),
);

it("no longer takes plain text for JSON", () =>
  whileEnforcing(app, async ({ url }) => {
    const { access } = await login(url, BEN);
    const answer = await request(url)
      .patch("/v1/users/2")
      .set("Authorization", bearer(access))
      .type("text/plain")
      .send('{"role":"admin"}');
    expect([answer.status, answer.body.code]).toEqual([415, "unsupported_media_type"]);
  }));

it("answers 401 to an access token from before, which has no aud", () =>
  whileEnforcing(app, async ({ url }) => {
    const claims = { sub: "2", type: "access" };
    const old = jsonwebtoken.sign(claims, JWT_SECRET, { expiresIn: "1h" });
    const answer = await request(url).get("/v1/users/2").set("Authorization", bearer(old));
    expect([answer.status, answer.body.code]).toEqual([401, "invalid_token"]);
  }));
