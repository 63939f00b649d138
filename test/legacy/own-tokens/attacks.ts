import jsonwebtoken from "jsonwebtoken";
import request from "supertest";
import { vi } from "vitest";
import { type Attack, type OpenAttack, POLLUTING, polluted } from "../support/attack.js";
import { ATTACKING } from "../support/legacy-app.js";
import { ADA, BEN, bearer, lastMail, login } from "./client.js";

/** Who this token lets in, or "". */
async function nameOfUser2(url: string, token: string): Promise<string> {
  const answer = await request(url)
    .get("/v1/users/2")
    .set({ ...ATTACKING, Authorization: bearer(token) });
  return answer.body.name ?? "";
}

export const attacks: readonly Attack[] = [
  {
    name: "sets the password of the admin and logs in with it",
    risk: "API1 Broken Object Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      await request(url)
        .patch("/v1/users/1")
        .set({ ...ATTACKING, Authorization: bearer(access) })
        .send({ password: "Owned-By-Ben-1" });
      const answer = await request(url)
        .post("/v1/auth/login")
        .send({ email: ADA.email, password: "Owned-By-Ben-1" });
      return answer.body.user?.role === "admin";
    },
  },
  {
    name: "uses a refresh token, which lives for 30 days, as an access token",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async ({ url }) => (await nameOfUser2(url, (await login(url, BEN)).refresh)) === "Ben",
  },
  {
    name: "uses the token of the mail that resets a password as an access token",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async (app) => {
      await request(app.url).post("/v1/auth/forgot-password").send({ email: BEN.email });
      return (await nameOfUser2(app.url, lastMail(app))) === "Ben";
    },
  },
  {
    name: "uses the token of the mail that verifies an address as an access token",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async (app) => {
      const { access } = await login(app.url, BEN);
      await request(app.url)
        .post("/v1/auth/send-verification-email")
        .set("Authorization", bearer(access));
      return (await nameOfUser2(app.url, lastMail(app))) === "Ben";
    },
  },
  {
    name: "uses an access token that expired a year ago",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    run: async ({ url }) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 365 * 24 * 3_600_000 });
      const { access } = await login(url, BEN).finally(() => vi.useRealTimers());
      return (await nameOfUser2(url, access)) === "Ben";
    },
  },
  {
    name: "signs a token for the admin with the secret that the template of the app came with",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:invalid_token",
    endsWithTheEnvironment: true,
    run: async ({ url }) => {
      const claims = { sub: "1", type: "access" };
      const token = jsonwebtoken.sign(claims, "thisisasamplesecret", { expiresIn: "1h" });
      const answer = await request(url)
        .get("/v1/users/1")
        .set({ ...ATTACKING, Authorization: bearer(token) });
      return answer.body.role === "admin";
    },
  },
  {
    name: "uses a token that stands in a URL, and so in logs and histories",
    risk: "API2 Broken Authentication",
    named: "oauthGuard:report:authentication_required",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      const answer = await request(url).get(`/v1/users/2?access_token=${access}`).set(ATTACKING);
      return answer.status === 200;
    },
  },
  {
    name: "finds a password by trying 40, with another invented address in X-Forwarded-For each time",
    risk: "API2 Broken Authentication",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async ({ url }) => {
      const attempt = (password: string, count: number, marks = {}) =>
        request(url)
          .post("/v1/auth/login")
          .set({ ...marks, "X-Forwarded-For": `198.51.100.${count}` })
          .send({ email: BEN.email, password });
      for (let count = 1; count < 40; count += 1) await attempt(`Guess-Number-${count}`, count);
      return (await attempt(BEN.password, 40, ATTACKING)).status === 200;
    },
  },
  {
    name: "registers as an admin with one more member in the body",
    risk: "API3 Broken Object Property Level Authorization",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const fields = { name: "Eve", email: "eve@example.net", password: "Eve-Password-1" };
      const answer = await request(url)
        .post("/v1/auth/register")
        .set(ATTACKING)
        .send({ ...fields, role: "admin" });
      return answer.body.user?.role === "admin";
    },
  },
  {
    name: "changes the prototype of all objects with __proto__ or constructor.prototype",
    risk: "API3 Broken Object Property Level Authorization",
    named: "structuralGuard:report:forbidden_key",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      let worked = false;
      for (const body of POLLUTING) {
        await request(url)
          .put("/v1/users/2/settings")
          .set({ ...ATTACKING, Authorization: bearer(access) })
          .type("json")
          .send(body);
        worked = polluted() || worked;
      }
      return worked;
    },
  },
  {
    name: "copies all users with one request",
    risk: "API4 Unrestricted Resource Consumption",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const { access } = await login(url, ADA);
      let most = 0;
      for (const limit of [1_000_000, -1]) {
        const { body } = await request(url)
          .get(`/v1/users?limit=${limit}`)
          .set({ ...ATTACKING, Authorization: bearer(access) });
        most = Math.max(most, body.results?.length ?? 0);
      }
      return most > 200;
    },
  },
  {
    name: "deletes another user as an ordinary user",
    risk: "API5 Broken Function Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      await request(url)
        .delete("/v1/users/3")
        .set({ ...ATTACKING, Authorization: bearer(access) });
      const admin = await login(url, ADA);
      const answer = await request(url)
        .get("/v1/users/3")
        .set("Authorization", bearer(admin.access));
      return answer.status === 404;
    },
  },
  {
    name: "fills the mailbox of a user with 40 mails about a new password",
    risk: "API6 Unrestricted Access to Sensitive Business Flows",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async (app) => {
      for (let count = 0; count < 40; count += 1)
        await request(app.url)
          .post("/v1/auth/forgot-password")
          .set(count < 20 ? {} : ATTACKING)
          .send({ email: BEN.email });
      return (app.load("./mail") as { outbox: unknown[] }).outbox.length === 40;
    },
  },
  {
    name: "lets the browsers of visitors of another site try passwords, and reads the answers",
    risk: "API8 Security Misconfiguration",
    named: "secureHeaders:report:cors_not_allowed",
    run: async ({ url }) => {
      const evil = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
      const answer = await request(url)
        .post("/v1/auth/login")
        .set({ ...evil, ...ATTACKING })
        .send(BEN);
      return answer.headers["access-control-allow-origin"] === evil.Origin;
    },
  },
  {
    name: "reads the paths of the server in the stack trace of an error",
    risk: "API8 Security Misconfiguration",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const { access } = await login(url, ADA);
      const answer = await request(url)
        .get("/v1/users?sortBy=name&sortBy=email")
        .set({ ...ATTACKING, Authorization: bearer(access) });
      return /at .*(app|report|enforce)\.js/.test(answer.text);
    },
  },
];

export const open: readonly OpenAttack[] = [
  {
    name: "reads names and addresses of all users as an ordinary user, 100 at a time",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      const answer = await request(url)
        .get("/v1/users?limit=100")
        .set("Authorization", bearer(access));
      return answer.body.results?.length === 100;
    },
  },
  {
    name: "uses an access token after its user has changed the password, until it expires",
    run: async ({ url }) => {
      const { access } = await login(url, BEN);
      await request(url)
        .patch("/v1/users/2")
        .set("Authorization", bearer(access))
        .send({ password: "Another-Password-2" });
      return (await nameOfUser2(url, access)) === "Ben";
    },
  },
];
