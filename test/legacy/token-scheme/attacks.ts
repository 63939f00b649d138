import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import jsonwebtoken from "jsonwebtoken";
import request from "supertest";
import { vi } from "vitest";
import type { Attack, OpenAttack } from "../support/attack.js";
import { ATTACKING } from "../support/legacy-app.js";
import { ADA, BEN, login, token } from "./client.js";

const EVIL = "https://evil.example";

export const attacks: readonly Attack[] = [
  {
    name: "rewrites the article of another author",
    risk: "API1 Broken Object Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      await request(url)
        .put("/api/articles/post-3")
        .set({ ...ATTACKING, Authorization: await login(url, BEN) })
        .send({ article: { body: "Ben was here" } });
      const answer = await request(url).get("/api/articles/post-3");
      return answer.body.article.body === "Ben was here";
    },
  },
  {
    name: "reads the draft of another author with a token that nobody signed",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async ({ url }) => {
      const unsigned = jsonwebtoken.sign({ username: "cleo" }, "", { algorithm: "none" });
      const answer = await request(url)
        .get("/api/articles/secret-plan")
        .set({ ...ATTACKING, Authorization: token(unsigned) });
      return answer.body.article?.body === "Not yet";
    },
  },
  {
    name: "signs a token for the admin with the secret of the development environment",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    endsWithTheEnvironment: true,
    run: async ({ url }) => {
      const forged = jsonwebtoken.sign({ id: "1", username: "ada" }, "secret", { expiresIn: "1h" });
      const answer = await request(url)
        .get("/api/user")
        .set({ ...ATTACKING, Authorization: token(forged) });
      return answer.body.user?.role === "admin";
    },
  },
  {
    name: "uses a token from a lost phone, which should have expired two years ago",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async ({ url }) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 800 * 24 * 3_600_000 });
      const old = await login(url, BEN).finally(() => vi.useRealTimers());
      const answer = await request(url)
        .get("/api/user")
        .set({ ...ATTACKING, Authorization: old });
      return answer.status === 200;
    },
  },
  {
    name: "sets a new password with a query operator in place of the code of the mail",
    risk: "API2 Broken Authentication",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const reset = { email: ADA.email, code: { $ne: "" }, password: "owned" };
      await request(url).post("/api/users/reset").set(ATTACKING).send({ user: reset });
      const user = { email: ADA.email, password: "owned" };
      return (await request(url).post("/api/users/login").send({ user })).status === 200;
    },
  },
  {
    name: "finds a password by trying 60",
    risk: "API2 Broken Authentication",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async ({ url }) => {
      const attempt = (password: string, marks = {}) =>
        request(url)
          .post("/api/users/login")
          .set(marks)
          .send({ user: { email: BEN.email, password } });
      for (let count = 1; count < 60; count += 1) await attempt(`guess ${count}`);
      return (await attempt(BEN.password, ATTACKING)).status === 200;
    },
  },
  {
    name: "leaves an invented address in the list of logins",
    risk: "API8 Security Misconfiguration",
    named: { warning: "EXPRESS_SECURE_API_PERMISSIVE_TRUST_PROXY" },
    run: async ({ url }) => {
      await request(url)
        .post("/api/users/login")
        .set("X-Forwarded-For", "203.0.113.99")
        .send({ user: BEN });
      const field = await login(url, ADA);
      const answer = await request(url).get("/api/admin/logins").set("Authorization", field);
      return answer.body.logins[0].address === "203.0.113.99";
    },
  },
  {
    name: "makes himself an admin with one more member in the body",
    risk: "API3 Broken Object Property Level Authorization",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const field = await login(url, BEN);
      const change = { user: { bio: "I write.", role: "admin" } };
      await request(url)
        .put("/api/user")
        .set({ ...ATTACKING, Authorization: field })
        .send(change);
      const answer = await request(url).get("/api/user").set("Authorization", field);
      return answer.body.user.role === "admin";
    },
  },
  {
    name: "copies all articles with one request",
    risk: "API4 Unrestricted Resource Consumption",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      let most = 0;
      for (const limit of [1_000_000, -1]) {
        const { body } = await request(url).get(`/api/articles?limit=${limit}`).set(ATTACKING);
        most = Math.max(most, body.articles?.length ?? 0);
      }
      return most > 200;
    },
  },
  {
    name: "makes the server read and keep 2 MB of an article",
    risk: "API4 Unrestricted Resource Consumption",
    named: "jsonBody:report:body_too_large",
    run: async ({ url }) => {
      const answer = await request(url)
        .post("/api/articles")
        .set({ ...ATTACKING, Authorization: await login(url, BEN) })
        .send({ article: { title: "Long", body: "x".repeat(2_000_000) } });
      return answer.status === 200;
    },
  },
  {
    name: "reads the logins of everybody without a token, because of an exception that matches too much",
    risk: "API5 Broken Function Level Authorization",
    named: "requireRole:report:authentication_required",
    run: async ({ url }) => {
      await login(url, BEN);
      const answer = await request(url).get("/api/admin/logins").set(ATTACKING);
      return answer.body.logins?.[0].email === BEN.email;
    },
  },
  {
    name: "deletes another user as an ordinary author",
    risk: "API5 Broken Function Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      const answer = await request(url)
        .delete("/api/admin/users/cleo")
        .set({ ...ATTACKING, Authorization: await login(url, BEN) });
      return answer.status === 204;
    },
  },
  {
    name: "registers 60 users within a second",
    risk: "API6 Unrestricted Access to Sensitive Business Flows",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async ({ url }) => {
      let registered = 0;
      for (let count = 0; count < 60; count += 1) {
        const user = {
          username: `bot${count}`,
          email: `bot${count}@evil.example`,
          password: "bot's",
        };
        const answer = await request(url)
          .post("/api/users")
          .set(count < 30 ? {} : ATTACKING)
          .send({ user });
        if (answer.status === 200) registered += 1;
      }
      return registered === 60;
    },
  },
  {
    name: "makes the server send a request to another server inside",
    risk: "API7 Server Side Request Forgery",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      let asked = false;
      const inside = createServer((_req, res) => {
        asked = true;
        res.end();
      });
      await new Promise<void>((listening) => inside.listen(0, "127.0.0.1", listening));
      const { port } = inside.address() as AddressInfo;
      const change = { user: { image: `http://127.0.0.1:${port}/admin` } };
      await request(url)
        .put("/api/user")
        .set({ ...ATTACKING, Authorization: await login(url, BEN) })
        .send(change);
      await new Promise((closed) => inside.close(closed));
      return asked;
    },
  },
  {
    name: "reads paths of the server in an error, or the answer itself from a page of another site",
    risk: "API8 Security Misconfiguration",
    named: "secureHeaders:report:cors_not_allowed",
    run: async ({ url }) => {
      const answer = await request(url)
        .get("/api/articles?tag=a&tag=b")
        .set({ ...ATTACKING, Origin: EVIL });
      return (
        /at .*(app|report|enforce)\.js/.test(answer.text) ||
        ["*", EVIL].includes(String(answer.headers["access-control-allow-origin"]))
      );
    },
  },
];

export const open: readonly OpenAttack[] = [
  {
    name: "writes an article with members that the app does not know, because no schema describes articles",
    run: async ({ url }) => {
      const answer = await request(url)
        .post("/api/articles")
        .set("Authorization", await login(url, BEN))
        .send({ article: { title: "Mine", featured: true } });
      return answer.body.article?.featured === true;
    },
  },
  {
    name: "uses a token for 60 days after he has lost his phone, because the app cannot revoke it",
    run: async ({ url }) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 59 * 24 * 3_600_000 });
      const old = await login(url, BEN).finally(() => vi.useRealTimers());
      return (await request(url).get("/api/user").set("Authorization", old)).status === 200;
    },
  },
];
