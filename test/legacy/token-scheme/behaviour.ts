import request from "supertest";
import { expect, it } from "vitest";
import { ADA, BEN, login, token } from "./client.js";

/** What readers and authors of the blog rely on, whatever variant of the app runs. */
export function itServesTheBlog(url: () => string, { unknown = 404 } = {}): void {
  const api = () => request(url());

  it("registers an author, who can use the token at once", async () => {
    const user = { username: "dora", email: "dora@blog.example", password: "dora's words" };
    const { body } = await api().post("/api/users").send({ user }).expect(200);
    expect(body.user).toMatchObject({ username: "dora", role: "author" });
    await api().get("/api/user").set("Authorization", token(body.user.token)).expect(200);
  });

  it("answers 422 to a registration without a password", async () => {
    const user = { username: "dora", email: "dora@blog.example" };
    await api().post("/api/users").send({ user }).expect(422);
  });

  it("answers 422 to a wrong password", async () => {
    await api()
      .post("/api/users/login")
      .send({ user: { ...BEN, password: "no" } })
      .expect(422);
  });

  it.each(["Token", "Bearer"])("knows who sends the token with the scheme %s", async (scheme) => {
    const field = (await login(url(), BEN)).replace("Token", scheme);
    const { body } = await api().get("/api/user").set("Authorization", field).expect(200);
    expect(body.user).toMatchObject({ username: "ben", email: BEN.email, bio: "" });
  });

  it.each([
    ["without a token", {}],
    [
      "with a token that somebody else signed",
      { Authorization: "Token eyJhbGciOiJIUzI1NiJ9.e30.AAAA" },
    ],
  ])("answers 401 %s", async (_what, headers) => {
    await api().get("/api/user").set(headers).expect(401);
  });

  it("lets users change their bio", async () => {
    const field = await login(url(), BEN);
    const change = { user: { bio: "I write." } };
    await api().put("/api/user").set("Authorization", field).send(change).expect(200);
    const { body } = await api().get("/api/user").set("Authorization", field).expect(200);
    expect(body.user.bio).toBe("I write.");
  });

  it("answers 204 to a forgotten password, and 422 to a wrong code", async () => {
    const { email } = BEN;
    await api().post("/api/users/forgot").send({ user: { email } }).expect(204);
    const reset = { user: { email, code: "no code", password: "new words" } };
    await api().post("/api/users/reset").send(reset).expect(422);
  });

  it("lists articles for everybody, page by page", async () => {
    const { body } = await api().get("/api/articles?tag=series&limit=50&offset=50").expect(200);
    expect(body.articles).toHaveLength(50);
    expect(body.articles[0].slug).toBe("post-53");
    expect(body.articlesCount).toBe(298);
  });

  it("shows an article to everybody", async () => {
    const { body } = await api().get("/api/articles/hello").expect(200);
    expect(body.article).toMatchObject({ title: "Hello", author: "ben" });
  });

  it("shows a draft to its author only", async () => {
    const article = { title: "My draft", body: "…", draft: true };
    const field = await login(url(), BEN);
    await api().post("/api/articles").set("Authorization", field).send({ article }).expect(200);
    await api().get("/api/articles/my-draft").expect(404);
    await api().get("/api/articles/my-draft").set("Authorization", field).expect(200);
  });

  it("lets an author write, change and delete an article", async () => {
    const field = await login(url(), BEN);
    const article = { title: "Good news", body: "…", tagList: ["news"] };
    await api().post("/api/articles").set("Authorization", field).send({ article }).expect(200);
    const change = { article: { body: "Better news" } };
    const path = "/api/articles/good-news";
    const { body } = await api().put(path).set("Authorization", field).send(change).expect(200);
    expect(body.article).toMatchObject({ title: "Good news", body: "Better news", author: "ben" });
    await api().delete(path).set("Authorization", field).expect(204);
    await api().get(path).expect(404);
  });

  it("answers 401 to an article without a token, and 403 to the deletion of another's", async () => {
    await api()
      .post("/api/articles")
      .send({ article: { title: "x" } })
      .expect(401);
    const field = await login(url(), BEN);
    await api().delete("/api/articles/post-3").set("Authorization", field).expect(403);
  });

  it("shows an admin the logins, and lets him delete a user", async () => {
    const field = await login(url(), ADA);
    const { body } = await api().get("/api/admin/logins").set("Authorization", field).expect(200);
    expect(body.logins[0].username).toBe("ada");
    await api().delete("/api/admin/users/cleo").set("Authorization", field).expect(204);
    await api().delete("/api/admin/users/cleo").set("Authorization", field).expect(404);
  });

  it(`answers ${unknown} to an unknown address`, async () => {
    await api()
      .get("/api/nothing")
      .set("Authorization", await login(url(), BEN))
      .expect(unknown);
  });
}
