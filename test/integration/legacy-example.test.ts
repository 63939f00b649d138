import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Express } from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type IdentityProvider,
  startIdentityProvider,
} from "../../examples/quick-start/src/identity-provider.js";

const ROOT = resolve(__dirname, "../..");
const EXAMPLE = join(ROOT, "examples/harden-legacy-express4");
const STEPS = readdirSync(join(EXAMPLE, "steps")).sort();
const AUDIENCE = "https://invoices-api.example.com";

let provider: IdentityProvider;
const folders: string[] = [];

beforeAll(async () => {
  provider = await startIdentityProvider();
});

afterAll(() => {
  provider.close();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The legacy app with the first `count` steps applied, in a folder of its own, on Express 4. */
function appAfter(count: number): { app: Express; audit: () => Record<string, unknown>[] } {
  const folder = mkdtempSync(join(tmpdir(), "legacy-"));
  folders.push(folder);
  cpSync(EXAMPLE, folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  for (const step of STEPS.slice(0, count))
    execFileSync("git", ["apply", join("steps", step)], { cwd: folder });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/express4"), join(folder, "node_modules/express"));
  symlinkSync(ROOT, join(folder, "node_modules/express-secure-api"));
  process.env["AUDIT_FILE"] = join(folder, "audit.jsonl");
  process.env["ISSUER"] = provider.issuer;
  const app = createRequire(join(folder, "app.js"))("./app.js") as Express;
  const audit = (): Record<string, unknown>[] =>
    readFileSync(join(folder, "audit.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { app, audit };
}

describe("harden-legacy-express4", () => {
  it("starts as an open API whose errors leak", async () => {
    const { app } = appAfter(0);
    await request(app).get("/customers").expect(200);
    const answer = await request(app).post("/invoices").type("json").send('{"secret').expect(500);
    expect(answer.text).toContain("JSON");
    expect(answer.headers["x-powered-by"]).toBe("Express");
  });

  it("writes a record per request after step 1", async () => {
    const { app, audit } = appAfter(1);
    await request(app).get("/customers/1").expect(200);
    const record = audit().find((line) => line["http.route"] === "/customers/:id");
    expect(record).toMatchObject({
      "http.request.method": "GET",
      "http.response.status_code": 200,
    });
  });

  it("sends security headers and answers CORS after step 2", async () => {
    const { app } = appAfter(2);
    const answer = await request(app)
      .get("/ping")
      .set("Origin", "https://invoices.example.com")
      .expect(200);
    expect(answer.headers["x-powered-by"]).toBeUndefined();
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
    expect(answer.headers["access-control-allow-origin"]).toBe("https://invoices.example.com");
  });

  it("limits a flood after step 3", async () => {
    const { app } = appAfter(3);
    const statuses = new Set<number>();
    for (let count = 0; count < 60; count += 1)
      statuses.add((await request(app).get("/ping")).status);
    expect([...statuses].sort()).toEqual([200, 429]);
  });

  it("refuses nobody after step 4, and says whom it would refuse", async () => {
    const { app, audit } = appAfter(4);
    await request(app).get("/customers").expect(200);
    const token = await provider.token("reader", AUDIENCE);
    await request(app).get("/invoices").set("Authorization", `Bearer ${token}`).expect(200);
    const decisions = () => audit().map((line) => line["audit.decisions"]);
    expect(decisions()).toContainEqual(
      expect.arrayContaining([expect.stringMatching(/^oauthGuard:report:/)]),
    );
    // The request did not wait for the keys, but its record does.
    await expect.poll(decisions).toContainEqual(expect.arrayContaining(["oauthGuard:allow"]));
  });

  it("demands a token after the last step, and the old error handler cannot spoil the 401", async () => {
    const { app } = appAfter(STEPS.length);
    await request(app).get("/ping").expect(200);
    const refused = await request(app).get("/customers").expect(401);
    expect(refused.body.code).toBe("authentication_required");
    expect(refused.headers["www-authenticate"]).toBe('Bearer realm="api"');
    const token = await provider.token("reader", AUDIENCE);
    await request(app).get("/customers").set("Authorization", `Bearer ${token}`).expect(200);
  });
});
