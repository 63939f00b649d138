import { expect, it } from "vitest";
import { ADA, BEN, browser, loggedIn } from "./browser.js";

/** What members and admins of the club rely on, whatever variant of the app runs. */
export function itServesTheClub(url: () => string, { unknown = 404 } = {}): void {
  it("shows the home page to everybody", async () => {
    const answer = await browser(url()).get("/").expect(200);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(answer.text).toContain("Welcome to the club");
    expect(answer.text).toContain('href="/login"');
  });

  it("lets its pages be styled by the style sheet in them", async () => {
    const { text, headers } = await browser(url()).get("/").expect(200);
    const policy = headers["content-security-policy"] ?? "style-src 'unsafe-inline'";
    expect(text).toContain("<style>");
    expect(policy).toMatch(/style-src [^;]*'unsafe-inline'/);
  });

  it("shows the form to log in", async () => {
    const answer = await browser(url()).get("/login").expect(200);
    expect(answer.text).toContain('<form method="post" action="/login">');
  });

  it("leads to the profile after the login", async () => {
    const agent = browser(url());
    const answer = await agent.post("/login").type("form").send(BEN).expect(302);
    expect(answer.headers["location"]).toBe("/profile");
    expect((await agent.get("/profile").expect(200)).text).toContain("Ben Member");
  });

  it("shows the form again after a wrong password", async () => {
    const answer = await browser(url())
      .post("/login")
      .type("form")
      .send({ ...BEN, password: "no" })
      .expect(401);
    expect(answer.text).toContain("Wrong e-mail address or password.");
  });

  it.each(["/profile", "/search?q=ben", "/messages/1", "/admin"])(
    "leads from %s to the login who is not logged in",
    async (path) => {
      const answer = await browser(url()).get(path).expect(302);
      expect(answer.headers["location"]).toBe("/login");
    },
  );

  it("saves name and city of the profile", async () => {
    const agent = await loggedIn(url(), BEN);
    await agent.post("/profile").type("form").send({ name: "Ben B.", city: "Köln" }).expect(302);
    const page = await agent.get("/profile").expect(200);
    expect(page.text).toContain('value="Ben B."');
    expect(page.text).toContain('value="Köln"');
  });

  it("saves nested preferences for the script of the profile page", async () => {
    const agent = await loggedIn(url(), BEN);
    await agent
      .post("/profile/preferences")
      .send({ mail: { weekly: true } })
      .expect(200);
    const answer = await agent.post("/profile/preferences").send({ mail: { daily: false } });
    expect(answer.body).toEqual({ mail: { weekly: true, daily: false } });
  });

  it("tells the script of a page who is logged in", async () => {
    const agent = await loggedIn(url(), BEN);
    const answer = await agent.get("/api/me").expect(200);
    expect(answer.body).toEqual({ id: "2", name: "Ben Member", email: BEN.email, role: "member" });
  });

  it("shows a member his message", async () => {
    const agent = await loggedIn(url(), BEN);
    expect((await agent.get("/messages/1").expect(200)).text).toContain("your fee for this year");
  });

  it("finds members by name", async () => {
    const agent = await loggedIn(url(), BEN);
    const page = await agent.get("/search?q=cleo").expect(200);
    expect(page.text).toContain("<li>Cleo Member, Kiel</li>");
    expect(page.text).not.toContain("Ada");
  });

  it("shows as many results as a page asks for", async () => {
    const agent = await loggedIn(url(), BEN);
    const page = await agent.get("/search?q=member&limit=50").expect(200);
    expect(page.text.match(/<li>/g)).toHaveLength(50);
  });

  it("lets an admin delete a member", async () => {
    const agent = await loggedIn(url(), ADA);
    expect((await agent.get("/admin").expect(200)).text).toContain("cleo@club.example");
    const answer = await agent.post("/admin/members/3/delete").type("form").expect(302);
    expect(answer.headers["location"]).toBe("/admin");
    expect((await agent.get("/admin").expect(200)).text).not.toContain("cleo@club.example");
  });

  it("shows nothing more after the logout", async () => {
    const agent = await loggedIn(url(), BEN);
    expect((await agent.get("/logout").expect(302)).headers["location"]).toBe("/");
    await agent.get("/profile").expect(302);
  });

  it("has a page for unknown addresses", async () => {
    const answer = await browser(url()).get("/nothing").expect(unknown);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    if (unknown === 404) expect(answer.text).toContain("This page does not exist");
  });
}
