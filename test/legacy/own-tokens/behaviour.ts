import request from "supertest";
import { expect, it } from "vitest";
import type { RunningApp } from "../support/legacy-app.js";
import { ADA, BEN, bearer, lastMail, login } from "./client.js";

/** What the clients of the API rely on, whatever variant of the app runs. */
export function itServesTheUsers(running: () => RunningApp, { unknown = 404 } = {}): void {
  const api = () => request(running().url);
  const as = async (who: typeof BEN) => bearer((await login(running().url, who)).access);

  it("registers a user, who can use the token at once", async () => {
    const fields = { name: "Dora", email: "dora@example.com", password: "Dora-Password-1" };
    const { body } = await api().post("/v1/auth/register").send(fields).expect(201);
    expect(body.user).toMatchObject({ name: "Dora", email: fields.email, role: "user" });
    const me = `/v1/users/${body.user.id}`;
    await api().get(me).set("Authorization", bearer(body.tokens.access)).expect(200);
  });

  it("registers nobody twice", async () => {
    const fields = { name: "Ben", email: BEN.email, password: "Another-Password-1" };
    await api().post("/v1/auth/register").send(fields).expect(400);
  });

  it.each([
    ["without a password", { name: "Eve", email: "eve@example.net" }],
    ["with a short password", { name: "Eve", email: "eve@example.net", password: "short" }],
    ["with a wrong address", { name: "Eve", email: "eve", password: "Long-Enough-1" }],
  ])("answers 400 to a registration %s", async (_what, fields) => {
    await api().post("/v1/auth/register").send(fields).expect(400);
  });

  it("gives tokens for the right password only", async () => {
    await api()
      .post("/v1/auth/login")
      .send({ ...BEN, password: "wrong" })
      .expect(401);
    const { body } = await api().post("/v1/auth/login").send(BEN).expect(200);
    expect(Object.keys(body.tokens)).toEqual(["access", "refresh"]);
  });

  it("answers 429 after five failed logins", async () => {
    for (let count = 0; count < 5; count += 1)
      await api()
        .post("/v1/auth/login")
        .send({ ...BEN, password: "wrong" })
        .expect(401);
    await api().post("/v1/auth/login").send(BEN).expect(429);
  });

  it("gives new tokens for a refresh token", async () => {
    const { refresh } = await login(running().url, BEN);
    const { body } = await api()
      .post("/v1/auth/refresh-tokens")
      .send({ refreshToken: refresh })
      .expect(200);
    await api().get("/v1/users/2").set("Authorization", bearer(body.access)).expect(200);
  });

  it("mails a token that sets a new password", async () => {
    await api().post("/v1/auth/forgot-password").send({ email: BEN.email }).expect(204);
    await api()
      .post(`/v1/auth/reset-password?token=${lastMail(running())}`)
      .send({ password: "A-New-Password-9" })
      .expect(204);
    await login(running().url, { ...BEN, password: "A-New-Password-9" });
  });

  it("mails a token that verifies the address", async () => {
    const token = await as(BEN);
    await api().post("/v1/auth/send-verification-email").set("Authorization", token).expect(204);
    expect(lastMail(running())).toMatch(/^eyJ/);
  });

  it.each(["/v1/users", "/v1/users/2"])("answers 401 to GET %s without a token", async (path) => {
    await api().get(path).expect(401);
  });

  it("answers 401 to a token that somebody else signed", async () => {
    const forged = `${(await as(BEN)).slice(0, -5)}AAAAA`;
    await api().get("/v1/users/2").set("Authorization", forged).expect(401);
  });

  it("shows users themselves, without the password", async () => {
    const { body } = await api()
      .get("/v1/users/2")
      .set("Authorization", await as(BEN))
      .expect(200);
    expect(body).toEqual({
      id: "2",
      name: "Ben",
      email: BEN.email,
      role: "user",
      isEmailVerified: true,
    });
  });

  it("lets users change their name", async () => {
    const token = await as(BEN);
    await api()
      .patch("/v1/users/2")
      .set("Authorization", token)
      .send({ name: "Benno" })
      .expect(200);
    const { body } = await api().get("/v1/users/2").set("Authorization", token).expect(200);
    expect(body.name).toBe("Benno");
  });

  it("merges the settings of a user", async () => {
    const token = await as(BEN);
    const put = (settings: object) =>
      api().put("/v1/users/2/settings").set("Authorization", token).send(settings).expect(200);
    await put({ mail: { weekly: true } });
    expect((await put({ mail: { daily: false } })).body.mail).toEqual({
      weekly: true,
      daily: false,
    });
  });

  it("lists users for an admin, sorted and as many as asked for", async () => {
    const { body } = await api()
      .get("/v1/users?role=user&sortBy=email:asc&limit=50")
      .set("Authorization", await as(ADA))
      .expect(200);
    expect(body.results).toHaveLength(50);
    expect(body.results[0].email).toBe(BEN.email);
  });

  it("lets an admin change and delete a user", async () => {
    const token = await as(ADA);
    await api().patch("/v1/users/3").set("Authorization", token).send({ name: "C." }).expect(200);
    await api().delete("/v1/users/3").set("Authorization", token).expect(204);
    await api().get("/v1/users/3").set("Authorization", token).expect(404);
  });

  it(`answers ${unknown} to an unknown address`, async () => {
    await api().get("/v1/nothing").expect(unknown);
  });
}
