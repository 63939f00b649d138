import type { Express } from "express";
import request, { type Test } from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../support/express.js";
import { guideSections, guideText } from "../support/guide.js";
import { codeOf, runOnApp } from "../support/guide-app.js";

const GUIDE = "sessions-and-pages.md";
const STEPS = [
  "1. Name the caller",
  "2. Take roles from the database",
  "3. Guard the routes",
  "4. Log in and out",
  "5. Serve pages",
];
const FOREIGN = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };

interface User {
  readonly id: string;
  readonly roles: readonly string[];
}

describe.each(expressVersions)(
  "an app with sessions and pages on Express %s",
  (_major, express) => {
    let users: Map<string, User>;
    let isDown = false;

    beforeEach(() => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      isDown = false;
      users = new Map([
        ["ada", { id: "ada", roles: ["user"] }],
        ["root", { id: "root", roles: ["user", "admin"] }],
      ]);
    });

    const given = (): Readonly<Record<string, unknown>> => ({
      sessionSecret: "a secret of the tests",
      sessionKeys: ["a key of the tests"],
      findUser: async (id: string) => {
        if (isDown) throw new Error("the database is gone");
        return users.get(id) ?? null;
      },
      checkPassword: async (name: string, password: string) =>
        password === "right" ? (users.get(name) ?? null) : null,
    });

    function build(change: (code: string) => string = (code) => code): Express {
      const app = (express as unknown as () => Express)();
      const steps = STEPS.map((heading) => codeOf(GUIDE, heading, "js"));
      // Nothing else: the records of these requests would go to the standard output.
      const quiet = steps.join("\n").replace("secureApi({", "secureApi({ auditLog: false,");
      const code = change(quiet);
      runOnApp(app, express, code, given());
      return app;
    }

    const page = (sent: Test): Test =>
      sent.set({ "X-Forwarded-Proto": "https", Accept: "text/html,*/*;q=0.8" });
    const json = (sent: Test): Test =>
      sent.set({ "X-Forwarded-Proto": "https", Accept: "application/json" });

    const cookieOf = (answer: { headers: Record<string, unknown> }): string =>
      ([answer.headers["set-cookie"] ?? []].flat() as string[])
        .map((field) => field.split(";")[0])
        .join("; ");

    async function logIn(app: Express, name: string, cookie = ""): Promise<string> {
      const answer = await page(request(app).post("/login").set("Cookie", cookie).type("form"))
        .send({ name, password: "right" })
        .expect(303)
        .expect("Location", "/account");
      return cookieOf(answer);
    }

    it("shows the login page to everybody, with headers that let it load", async () => {
      const answer = await page(request(build()).get("/login")).expect(200);
      expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
      expect(answer.headers["content-security-policy"]).toContain("form-action 'self'");
      expect(answer.headers["referrer-policy"]).toBe("strict-origin-when-cross-origin");
    });

    it("leads who opens a page without a login to the login page", async () => {
      const app = build();
      for (const path of ["/account", "/admin"]) {
        await page(request(app).get(path)).expect(303).expect("Location", "/login");
        const refused = await json(request(app).get(path)).expect(401);
        expect(refused.body.code).toBe("authentication_required");
      }
      await json(request(app).post("/account/email")).expect(401);
    });

    it("lets users in who have logged in, and admins to their page", async () => {
      const app = build();
      const ada = await logIn(app, "ada");
      await page(request(app).get("/account").set("Cookie", ada)).expect(200);
      const refused = await page(request(app).get("/admin").set("Cookie", ada)).expect(403);
      expect(refused.body.code).toBe("access_denied");
      const root = await logIn(app, "root");
      await page(request(app).get("/admin").set("Cookie", root)).expect(200);
    });

    it("does not let in who has the wrong password", async () => {
      const answer = await page(request(build()).post("/login").type("form"))
        .send({ name: "ada", password: "wrong" })
        .expect(303);
      expect(answer.headers["location"]).toBe("/login?failed");
      expect(cookieOf(answer)).toBe("");
    });

    it("sends a cookie that scripts and other sites do not get", async () => {
      const answer = await page(request(build()).post("/login").type("form")).send({
        name: "ada",
        password: "right",
      });
      expect(String(answer.headers["set-cookie"])).toMatch(/HttpOnly; Secure; SameSite=Lax/);
    });

    it("refuses what a page of another site sends with the user's cookie", async () => {
      const app = build();
      const cookie = await logIn(app, "ada");
      const send = () => page(request(app).post("/account/email").set("Cookie", cookie));
      const refused = await send().set(FOREIGN).expect(403);
      expect(refused.body.code).toBe("cross_origin_blocked");
      await send().set("Sec-Fetch-Site", "same-origin").expect(204);
      await page(request(app).post("/logout").set("Cookie", cookie)).set(FOREIGN).expect(403);
      await page(request(app).get("/account").set("Cookie", cookie)).expect(200);
    });

    it("gives the user a session id that nobody knew before the login", async () => {
      const app = build();
      const planted = await logIn(app, "ada");
      const own = await logIn(app, "root", planted);
      expect(own).not.toBe("");
      expect(own).not.toBe(planted);
      await json(request(app).get("/account").set("Cookie", planted)).expect(401);
      await page(request(app).get("/admin").set("Cookie", own)).expect(200);
    });

    it("does not know a session id that somebody has invented", async () => {
      const forged = "connect.sid=s%3Aabc.ZmFrZQ";
      await json(request(build()).get("/account").set("Cookie", forged)).expect(401);
    });

    it("knows no session whose user has logged out", async () => {
      const app = build();
      const cookie = await logIn(app, "ada");
      await page(request(app).post("/logout").set("Cookie", cookie)).expect(303);
      await json(request(app).get("/account").set("Cookie", cookie)).expect(401);
    });

    it("follows the database: roles that change, accounts that are gone, and a database that fails", async () => {
      const app = build();
      const cookie = await logIn(app, "ada");
      const statusOf = async (path: string): Promise<number> =>
        (await json(request(app).get(path).set("Cookie", cookie))).status;
      expect(await statusOf("/admin")).toBe(403);
      users.set("ada", { id: "ada", roles: ["admin"] });
      expect(await statusOf("/admin")).toBe(200);
      isDown = true;
      const refused = await json(request(app).get("/account").set("Cookie", cookie)).expect(503);
      expect(refused.body.code).toBe("check_unavailable");
      expect(await statusOf("/login")).toBe(200);
      isDown = false;
      users.delete("ada");
      const gone = await json(request(app).get("/account").set("Cookie", cookie)).expect(401);
      expect(gone.body.code).toBe("authentication_required");
      expect(await statusOf("/login")).toBe(200);
      expect(await logIn(app, "root", cookie)).not.toBe("");
    });

    it("counts each user by itself", async () => {
      const app = build((code) => code.replace("limit: 100", "limit: 2"));
      const [ada, root] = [await logIn(app, "ada"), await logIn(app, "root")];
      const statusOf = async (cookie: string): Promise<number> =>
        (await page(request(app).get("/account").set("Cookie", cookie))).status;
      expect([await statusOf(ada), await statusOf(ada), await statusOf(ada)]).toEqual([
        200, 200, 429,
      ]);
      expect(await statusOf(root)).toBe(200);
    });

    it("breaks nothing in report mode", async () => {
      const app = build((code) =>
        code.replace("oauthGuard: false,", 'mode: "report", oauthGuard: false,'),
      );
      const cookie = await logIn(app, "ada");
      const send = page(request(app).post("/account/email").set("Cookie", cookie));
      await send.set(FOREIGN).expect(204);
    });

    describe("with cookie-session", () => {
      const parts = codeOf(GUIDE, "With cookie-session", "js").split("\n\n");
      const [load = "", mount = "", logout = ""] = parts;

      function appOf(): Express {
        return build((code) => {
          const changed = code
            .replace('const expressSession = require("express-session");', load)
            .replace(/^app\.use\(\n {2}expressSession\([\s\S]*?^\);$/m, mount)
            .replace(/^ {4}req\.session\.regenerate\([\s\S]*?^ {4}\}\);$/m, () =>
              ["req.session.userId = user.id;", 'res.redirect(303, "/account");'].join("\n"),
            )
            .replace(/^app\.post\("\/logout"[\s\S]*?^\}\);$/m, () => logout);
          expect(changed).not.toMatch(/expressSession|regenerate|destroy/);
          return changed;
        });
      }

      it("logs in and out, and refuses what another site sends", async () => {
        const app = appOf();
        const cookie = await logIn(app, "ada");
        await page(request(app).get("/account").set("Cookie", cookie)).expect(200);
        await page(request(app).post("/account/email").set("Cookie", cookie))
          .set(FOREIGN)
          .expect(403);
        const out = await page(request(app).post("/logout").set("Cookie", cookie)).expect(303);
        await json(request(app).get("/account").set("Cookie", cookieOf(out))).expect(401);
      });

      it("does not believe a cookie that nobody has signed", async () => {
        const value = Buffer.from('{"userId":"root"}').toString("base64");
        const forged = `session=${value}; session.sig=abc`;
        await json(request(appOf()).get("/admin").set("Cookie", forged)).expect(401);
      });

      it("ends a copied cookie only with the account, as the guide says", async () => {
        const app = appOf();
        const cookie = await logIn(app, "ada");
        await page(request(app).post("/logout").set("Cookie", cookie)).expect(303);
        await page(request(app).get("/account").set("Cookie", cookie)).expect(200);
        users.delete("ada");
        await json(request(app).get("/account").set("Cookie", cookie)).expect(401);
      });
    });
  },
);

describe("the guide", () => {
  it("has the steps that are run, and no other code", () => {
    const withCode = guideSections(GUIDE)
      .filter(({ blocks }) => blocks("js").length > 0)
      .map(({ heading }) => heading);
    expect(withCode).toEqual([...STEPS, "With cookie-session"]);
    expect(guideText(GUIDE)).not.toContain("```ts");
  });
});
