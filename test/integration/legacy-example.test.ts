import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  changedLines,
  type RunningExample,
  type Stage,
  startExample,
} from "../support/legacy-example.js";
import {
  attacks,
  BEN,
  browser,
  FROM_EVIL,
  loggedIn,
  ROOT_USER,
} from "../support/legacy-example-attacks.js";

const ROOT = resolve(__dirname, "../..");

describe.each<Stage>(["before", "report", "enforce"])("harden-legacy-express4, %s", (stage) => {
  const url = runs(stage);

  it("shows the login to everybody, and leads the others there", async () => {
    const page = await browser(url()).get("/login").expect(200);
    expect(page.text).toContain('<form method="post" action="/login"');
    for (const path of ["/invoices", "/admin"])
      await browser(url()).get(path).expect(302).expect("Location", "/login");
  });

  it("shows the login again after a wrong password", async () => {
    const wrong = { ...BEN, password: "wrong" };
    const page = await browser(url()).post("/login").type("form").send(wrong).expect(401);
    expect(page.text).toContain("The name or the password is wrong.");
  });

  it("takes an invoice of a clerk, and shows it", async () => {
    const ben = await loggedIn(url(), BEN);
    const invoice = { customer: "Grace Inc", amount: "250" };
    await ben.post("/invoices").type("form").send(invoice).expect(302);
    expect((await ben.get("/invoices").expect(200)).text).toMatch(/Grace Inc[\s\S]*250 €/);
  });

  it("tells the script of the page which customers there are", async () => {
    const ben = await loggedIn(url(), BEN);
    const fetched = { "Sec-Fetch-Mode": "cors", Accept: "*/*" };
    expect((await ben.get("/customers").set(fetched).expect(200)).body).toHaveLength(2);
    expect((await ben.get("/customers/2").set(fetched).expect(200)).body.name).toBe("Grace Inc");
  });

  it("lets an admin change roles", async () => {
    const root = await loggedIn(url(), ROOT_USER);
    await root.post("/admin/users/ben/role").type("form").send({ role: "admin" }).expect(302);
    const ben = await loggedIn(url(), BEN);
    expect((await ben.get("/admin").expect(200)).text).toContain("rita");
  });

  it("shows nothing more after the logout", async () => {
    const ben = await loggedIn(url(), BEN);
    await ben.post("/logout").type("form").expect(302).expect("Location", "/login");
    await ben.get("/invoices").expect(302).expect("Location", "/login");
  });

  it("sends its style sheet and its script", async () => {
    await request(url()).get("/assets/style.css").expect(200).expect("Content-Type", /css/);
    await request(url())
      .get("/assets/customers.js")
      .expect(200)
      .expect("Content-Type", /javascript/);
  });
});

describe("harden-legacy-express4, before", () => {
  const url = runs("before");

  it("has 15 attacks", () => {
    expect(attacks).toHaveLength(15);
  });

  it.each(attacks)("an attacker $name", async ({ run }) => {
    expect(await run(url())).toBe(true);
  });
});

describe("harden-legacy-express4, report", () => {
  const url = runs("report");

  it.each(attacks.filter(({ named }) => named !== null))(
    "does not refuse, but names it when an attacker $name",
    async ({ named, run }) => {
      expect(await run(url())).toBe(true);
      await expect
        .poll(() => running.records().flatMap((record) => record["audit.decisions"]))
        .toContain(named);
    },
  );
});

describe("harden-legacy-express4, enforce", () => {
  const url = runs("enforce");

  it.each(attacks)("refuses it when an attacker $name", async ({ run }) => {
    expect(await run(url())).toBe(false);
  });

  it("answers a script with a problem document, and a browser with a page", async () => {
    const problem = await request(url()).get("/customers").expect(401);
    expect(problem.headers["content-type"]).toMatch("application/problem+json");
    expect(problem.body.code).toBe("authentication_required");
    const ben = await loggedIn(url(), BEN);
    const page = await ben.get("/admin").expect(403);
    expect(page.headers["content-type"]).toMatch("text/html");
    expect(page.text).toContain("access_denied");
  });

  it("sends a cookie that scripts and other sites do not get, and none before the login", async () => {
    const page = await browser(url()).get("/login");
    expect(page.headers["set-cookie"]).toBeUndefined();
    const answer = await browser(url()).post("/login").type("form").send(BEN);
    expect(String(answer.headers["set-cookie"])).toMatch(/HttpOnly; SameSite=Lax$/);
  });

  it("lets users in again whose page of another site was refused", async () => {
    const ben = await loggedIn(url(), BEN);
    const refused = await ben.post("/logout").set(FROM_EVIL).type("form").expect(403);
    expect(refused.text).toContain("cross_origin_blocked");
    await ben.get("/invoices").expect(200);
  });
});

describe("the files of harden-legacy-express4", () => {
  it("differ in fewer than 30 lines, none of which is long", () => {
    const { count, longest } = changedLines();
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(30);
    expect(longest).toBeLessThanOrEqual(120);
    const page = readFileSync(join(ROOT, "examples/harden-legacy-express4/README.md"), "utf8");
    expect(page).toContain(`They differ in ${count} lines`);
  });

  it("name in package.json what they require", () => {
    const folder = join(ROOT, "examples/harden-legacy-express4");
    const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const code = ["app.js", "hardened.js", "routes/invoices.js"].map((file) =>
      readFileSync(join(folder, file), "utf8"),
    );
    const required = [...code.join("\n").matchAll(/require\('([^.'][^']*)'\)/g)].map(
      ([, name]) => name,
    );
    const view = /'view engine', '([a-z]+)'/.exec(code.join("\n"))?.[1];
    const packages = new Set([...required.filter((name) => name !== "path"), view]);
    expect([...packages].sort()).toEqual(Object.keys(dependencies).sort());
  });

  it.each([
    { args: [], status: 401 },
    { args: ["app"], status: 200 },
  ])(
    "start with one command from a checkout, on the loopback interface: $args",
    {
      timeout: 60_000,
    },
    async ({ args, status }) => {
      const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
      const command = [...scripts["start:legacy"].split(" ").slice(1), ...args];
      const env = { ...process.env, PORT: "0", SECURITY_MODE: "", AUDIT_FILE: "" };
      const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: "pipe" });
      const ended = once(child, "exit");
      try {
        const [line] = await once(createInterface(child.stderr), "line");
        const origin = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(String(line))?.[1] ?? "";
        await request(origin).get("/customers").expect(status);
      } finally {
        child.kill("SIGTERM");
        await ended;
      }
    },
  );
});

let running: RunningExample;

/** Starts the app anew for each test, because attacks leave things behind. */
function runs(stage: Stage): () => string {
  beforeEach(async () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    running = await startExample(stage);
  });
  afterEach(() => running.close());
  return () => running.url;
}
