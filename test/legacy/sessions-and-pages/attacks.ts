import request from "supertest";
import { type Attack, type OpenAttack, POLLUTING, polluted } from "../support/attack.js";
import { ATTACKING } from "../support/legacy-app.js";
import { ADA, BEN, browser, loggedIn } from "./browser.js";

const EVIL = "https://evil.example";

/** What a browser sends along when a page of another site submits a form. */
const FROM_EVIL = { Origin: EVIL, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };

export const attacks: readonly Attack[] = [
  {
    name: "reads a message to another member",
    risk: "API1 Broken Object Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      return (await ben.get("/messages/2").set(ATTACKING)).text.includes("we keep this between us");
    },
  },
  {
    name: "logs in with a query operator in place of the password",
    risk: "API2 Broken Authentication",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const agent = browser(url);
      await agent
        .post("/login")
        .set(ATTACKING)
        .type("form")
        .send(`email=${ADA.email}&password[$ne]=x`);
      return (await agent.get("/api/me")).body.role === "admin";
    },
  },
  {
    name: "finds the password of a member by trying 60 of them",
    risk: "API2 Broken Authentication",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async ({ url }) => {
      const agent = browser(url);
      for (let guess = 1; guess < 60; guess += 1)
        await agent
          .post("/login")
          .type("form")
          .send({ email: BEN.email, password: `guess ${guess}` });
      const found = await agent.post("/login").set(ATTACKING).type("form").send(BEN);
      return found.headers["location"] === "/profile";
    },
  },
  {
    name: "does the same with another invented address in X-Forwarded-For each time",
    risk: "API2 Broken Authentication",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async ({ url }) => {
      const agent = browser(url);
      const login = (password: string, guess: number, marks = {}) =>
        agent
          .post("/login")
          .set({ ...marks, "X-Forwarded-For": `198.51.100.${guess}` })
          .type("form")
          .send({ email: BEN.email, password });
      for (let guess = 1; guess < 60; guess += 1) await login(`guess ${guess}`, guess);
      return (await login(BEN.password, 60, ATTACKING)).headers["location"] === "/profile";
    },
  },
  {
    name: "makes himself an admin with one more field in the form of the profile",
    risk: "API3 Broken Object Property Level Authorization",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      const fields = { name: "Ben", city: "Bonn", role: "admin" };
      await ben.post("/profile").set(ATTACKING).type("form").send(fields);
      return (await ben.get("/api/me")).body.role === "admin";
    },
  },
  {
    name: "changes the prototype of all objects with __proto__ or constructor.prototype",
    risk: "API3 Broken Object Property Level Authorization",
    named: "structuralGuard:report:forbidden_key",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      let worked = false;
      for (const body of POLLUTING) {
        await ben.post("/profile/preferences").set(ATTACKING).type("json").send(body);
        worked = polluted() || worked;
      }
      return worked;
    },
  },
  {
    name: "copies all members with one search",
    risk: "API4 Unrestricted Resource Consumption",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      let most = 0;
      for (const limit of [1_000_000, -1]) {
        const page = await ben.get(`/search?limit=${limit}`).set(ATTACKING);
        most = Math.max(most, (page.text.match(/<li>/g) ?? []).length);
      }
      return most > 300;
    },
  },
  {
    name: "makes the server read and keep 2 MB of preferences",
    risk: "API4 Unrestricted Resource Consumption",
    named: "jsonBody:report:body_too_large",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      const answer = await ben
        .post("/profile/preferences")
        .set(ATTACKING)
        .send({ note: "x".repeat(2_000_000) });
      return answer.status === 200;
    },
  },
  {
    name: "deletes another member as a member",
    risk: "API5 Broken Function Level Authorization",
    named: "requireRole:report:access_denied",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      await ben.post("/admin/members/3/delete").set(ATTACKING).type("form");
      return !(await ben.get("/search?q=cleo")).text.includes("Cleo");
    },
  },
  {
    name: "changes a profile from a page of another site, with the cookie of the member",
    risk: "API8 Security Misconfiguration",
    named: "secureHeaders:report:cross_origin_blocked",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      await ben
        .post("/profile")
        .set({ ...FROM_EVIL, ...ATTACKING })
        .type("form")
        .send({ name: "Owned", city: "Bonn" });
      return (await ben.get("/api/me")).body.name === "Owned";
    },
  },
  {
    name: "logs a visitor in as the attacker, from a page of another site",
    risk: "API8 Security Misconfiguration",
    named: "secureHeaders:report:cross_origin_blocked",
    run: async ({ url }) => {
      const visitor = browser(url);
      await visitor
        .post("/login")
        .set({ ...FROM_EVIL, ...ATTACKING })
        .type("form")
        .send(BEN);
      return (await visitor.get("/api/me")).body.email === BEN.email;
    },
  },
  {
    name: "reads who is logged in from a page of another site",
    risk: "API8 Security Misconfiguration",
    named: "secureHeaders:report:cors_not_allowed",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      const { headers } = await ben
        .get("/api/me")
        .set({ ...FROM_EVIL, ...ATTACKING, "Sec-Fetch-Mode": "cors" });
      return (
        headers["access-control-allow-origin"] === EVIL &&
        headers["access-control-allow-credentials"] === "true"
      );
    },
  },
  {
    name: "shows a page in a frame of another site, or runs a script in the page of the search",
    risk: "API8 Security Misconfiguration",
    named: "page_affected",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      const { text, headers } = await ben
        .get("/search?q=%3Cscript%3Esteal()%3C/script%3E")
        .set(ATTACKING);
      const policy = headers["content-security-policy"] ?? "";
      const scripts = /script-src([^;]*)/.exec(policy) ?? /default-src([^;]*)/.exec(policy);
      const scriptRuns =
        text.includes("<script>steal()") &&
        (scripts === null || scripts[1]?.includes("'unsafe-inline'") === true);
      const framed =
        headers["x-frame-options"] === undefined && !policy.includes("frame-ancestors");
      return scriptRuns || framed;
    },
  },
  {
    name: "reads the paths of the server in the stack trace of an error",
    risk: "API8 Security Misconfiguration",
    named: "validate:report:validation_failed",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      return /at .*(app|report|enforce)\.js/.test(
        (await ben.get("/search?q[]=a").set(ATTACKING)).text,
      );
    },
  },
  {
    name: "gets the cookie of the session sent along from any site, because it has no SameSite",
    risk: "API8 Security Misconfiguration",
    named: "cookie_completed",
    run: async ({ url }) => {
      const answer = await request(url).post("/login").set(ATTACKING).type("form").send(BEN);
      const cookie = String(answer.headers["set-cookie"]);
      return cookie.includes("connect.sid=") && !/; *samesite=(lax|strict)/i.test(cookie);
    },
  },
];

export const open: readonly OpenAttack[] = [
  {
    name: "logs a member out from a page of another site, because the app does that on GET",
    run: async ({ url }) => {
      const ben = await loggedIn(url, BEN);
      await ben.get("/logout").set(FROM_EVIL);
      return (await ben.get("/profile")).headers["location"] === "/login";
    },
  },
  {
    name: "uses a session whose id he knew before the member logged in with it, because the app keeps the id",
    run: async ({ url }) => {
      const page = await request(url).get("/login");
      const Cookie = String(page.headers["set-cookie"]).split(";")[0] ?? "";
      await browser(url).post("/login").set({ Cookie }).type("form").send(BEN);
      return (await request(url).get("/api/me").set({ Cookie })).body.email === BEN.email;
    },
  },
];
