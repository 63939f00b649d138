import { Agent } from "node:http";
import request from "supertest";

type Browser = ReturnType<typeof request.agent>;

export const ROOT_USER = { name: "root", password: "open sesame" };
const RITA = { name: "rita", password: "orange boat" };
export const BEN = { name: "ben", password: "battery staple" };

/** What a browser sends along when a page of another site submits a form. */
export const FROM_EVIL = {
  Origin: "https://evil.example",
  "Sec-Fetch-Site": "cross-site",
  "Sec-Fetch-Mode": "navigate",
};

/** A browser that shows the pages of the app itself. */
export function browser(url: string): Browser {
  const agent = request.agent(url);
  agent.set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  agent.set("Origin", url);
  agent.set("Sec-Fetch-Site", "same-origin");
  agent.set("Sec-Fetch-Mode", "navigate");
  return agent;
}

export async function loggedIn(url: string, user: typeof BEN): Promise<Browser> {
  const agent = browser(url);
  await agent.post("/login").type("form").send(user).expect(302).expect("Location", "/invoices");
  return agent;
}

export interface Attack {
  /** What the attacker does, as a sentence without a full stop. */
  readonly name: string;
  /** The decision that names it in report mode; `null` where another change than a guard stops it, in that mode as well. */
  readonly named: string | null;
  /** Attacks the app and returns whether the attacker got what he wanted. */
  readonly run: (url: string) => Promise<boolean>;
}

export const attacks: readonly Attack[] = [
  {
    name: "reads the customers without a login",
    named: "authorize:report:authentication_required",
    run: async (url) => (await request(url).get("/customers")).text.includes("Grace Inc"),
  },
  {
    name: "opens the page of the users as a clerk",
    named: "requireRole:report:access_denied",
    run: async (url) => {
      const ben = await loggedIn(url, BEN);
      return (await ben.get("/admin")).text.includes("Role of rita");
    },
  },
  {
    name: "makes himself an admin as a clerk, in another spelling of the path",
    named: "requireRole:report:access_denied",
    run: async (url) => {
      const ben = await loggedIn(url, BEN);
      await ben.post("/ADMIN/users/ben/role/").type("form").send({ role: "admin" });
      const root = await loggedIn(url, ROOT_USER);
      return !(await root.get("/admin")).text.includes("<option selected>clerk</option>");
    },
  },
  {
    name: "goes on as an admin after the role was taken away",
    named: "requireRole:report:access_denied",
    run: async (url) => {
      const [root, rita] = [await loggedIn(url, ROOT_USER), await loggedIn(url, RITA)];
      await root.post("/admin/users/rita/role").type("form").send({ role: "clerk" }).expect(302);
      return (await rita.get("/admin")).text.includes("Role of root");
    },
  },
  {
    name: "goes on after the account was deleted",
    named: "enrichPrincipal:report:authentication_required",
    run: async (url) => {
      const [root, ben] = [await loggedIn(url, ROOT_USER), await loggedIn(url, BEN)];
      await root.post("/admin/users/ben/delete").type("form").expect(302);
      return (await ben.get("/invoices")).text.includes("Ada Ltd");
    },
  },
  {
    name: "finds a password by trying 15, each from another address and in another spelling",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async (url) => {
      const names = ["ben", "BEN", " ben", "bén"];
      const login = (name: string, password: string, from: number) =>
        browser(url)
          .post("/login")
          .agent(new Agent({ localAddress: loopback(from) }))
          .type("form")
          .send({ name, password });
      for (let guess = 1; guess < 15; guess += 1)
        await login(names[guess % names.length] ?? "ben", `guess ${guess}`, guess + 1);
      return (await login("ben", BEN.password, 16)).headers["location"] === "/invoices";
    },
  },
  {
    name: "tries a common password with the names of 40 people",
    named: "rateLimit:report:rate_limit_exceeded",
    run: async (url) => {
      const login = (name: string) =>
        browser(url).post("/login").type("form").send({ name, password: BEN.password });
      for (let person = 1; person < 40; person += 1) await login(`person ${person}`);
      return (await login("ben")).headers["location"] === "/invoices";
    },
  },
  {
    name: "becomes an admin by planting his own session id before that user logs in",
    named: null,
    run: async (url) => {
      const own = await browser(url).post("/login").type("form").send(BEN).expect(302);
      const planted = cookieOf(own);
      const victim = browser(url).post("/login").set("Cookie", planted).type("form");
      await victim.send(ROOT_USER).expect(302);
      const answer = await browser(url).get("/admin").set("Cookie", planted);
      return answer.text.includes("Role of root");
    },
  },
  {
    name: "adds an invoice from a page of another site, with the cookie of the user",
    named: "secureHeaders:report:cross_origin_blocked",
    run: async (url) => {
      const ben = await loggedIn(url, BEN);
      const fake = { customer: "Evil Corp", amount: "9" };
      await ben.post("/invoices").set(FROM_EVIL).type("form").send(fake);
      return (await ben.get("/invoices")).text.includes("Evil Corp");
    },
  },
  {
    name: "logs a visitor in as himself, from a page of another site",
    named: "secureHeaders:report:cross_origin_blocked",
    run: async (url) => {
      const answer = await browser(url).post("/login").set(FROM_EVIL).type("form").send(BEN);
      return answer.headers["location"] === "/invoices";
    },
  },
  {
    name: "shows the app in a frame of another site",
    named: null,
    run: async (url) => {
      const { headers } = await browser(url).get("/login");
      const policy = headers["content-security-policy"] ?? "";
      return headers["x-frame-options"] === undefined && !policy.includes("frame-ancestors");
    },
  },
  ...["/invoices", "/invoices//"].map((path) => ({
    name: `marks an invoice as paid with one more field in the form to ${path}`,
    named: "validate:report:validation_failed",
    run: async (url: string) => {
      const ben = await loggedIn(url, BEN);
      const invoice = { customer: "Ben & Co", amount: "9", paid: "yes" };
      await ben.post(path).type("form").send(invoice);
      return /Ben &amp; Co<\/td>\s*<td class="number">9 €<\/td>\s*<td>paid/.test(
        (await ben.get("/invoices")).text,
      );
    },
  })),
  {
    name: "makes the app keep and show a name of 2 MB",
    named: "formBody:report:body_too_large",
    run: async (url) => {
      const ben = await loggedIn(url, BEN);
      const invoice = { customer: "x".repeat(2_000_000), amount: "9" };
      const answer = await ben.post("/invoices").type("form").send(invoice);
      return answer.status === 302;
    },
  },
  {
    name: "reads the paths of the server in the stack trace of an error",
    named: null,
    run: async (url) => {
      const ben = await loggedIn(url, BEN);
      return /at .*\.js:\d+/.test((await ben.get("/customers/%ff")).text);
    },
  },
];

/** Linux answers on all of 127.0.0.0/8, other systems on the first address only. */
function loopback(last: number): string {
  return process.platform === "linux" ? `127.0.0.${last}` : "127.0.0.1";
}

function cookieOf(answer: { headers: Record<string, unknown> }): string {
  return String(answer.headers["set-cookie"] ?? "").split(";")[0] ?? "";
}
