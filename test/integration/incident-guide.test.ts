import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import request from "supertest";
import { beforeAll, describe, expect, it } from "vitest";
import { auditEvent, auditFields, auditLog, fileSink } from "../../src/audit-log/index.js";
import { requireScope } from "../../src/authorization/index.js";
import { oauthGuard } from "../../src/oauth-guard/index.js";
import { createTestIssuer } from "../../src/testing/index.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";
import { root, manifest as untyped } from "../support/package-manifest.js";

const sections = guideSections("incident.md");
const issuer = createTestIssuer();
const manifest = untyped as {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
};

/** Saves the scripts of the guide, each under the name that its section gives it. */
function saveScripts(folder: string): void {
  for (const section of sections) {
    for (const [index, code] of section.blocks("js").entries()) {
      const names = [...section.text.matchAll(/`([a-z-]+\.mjs)`/g)];
      writeFileSync(join(folder, names[index]?.[1] ?? ""), code);
    }
  }
}

/** The last command of a section. */
function commandOf(heading: string): string {
  const section = sections.find((one) => one.heading === heading);
  const command = section?.blocks("sh").at(-1);
  if (command === undefined) throw new Error(`the guide has no command under ${heading}`);
  return command;
}

describe.each(expressVersions)("the guide for incidents on Express %s", (major, express) => {
  const folder = mkdtempSync(join(tmpdir(), `incident-${major}-`));
  const stolen = issuer.mint({ sub: "alice", jti: 'j-"4711"', scope: "read" });
  const unnamed = issuer.mint({ sub: "alice", jti: undefined, scope: "read" });
  const other = issuer.mint({ sub: "bob", scope: "read" });
  const long = issuer.mint({ sub: "alice", jti: "j".repeat(257), scope: "read" });
  const expired = issuer.mint({ sub: "alice", jti: "old", iat: 1, exp: 2 });
  const service = issuer.mint({ sub: "billing", client_id: "billing", scope: "read" });
  let lastId = "";

  function run(command: string, cwd = folder): readonly string[] {
    const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd, encoding: "utf8" });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  }

  beforeAll(async () => {
    saveScripts(folder);
    writeFileSync(join(folder, "token.txt"), `${stolen}\n`);
    const audit = auditLog({ sinks: [fileSink({ path: join(folder, "audit.jsonl") })] });
    const app = express();
    app.set("trust proxy", true);
    app.use(audit, oauthGuard(issuer.options()));
    app.get("/orders/:id", (req, res) => {
      auditFields(req, { orderId: "o  7" });
      res.end();
    });
    app.delete("/orders/:id", requireScope("write"), (_req, res) => void res.end());
    const send = async (method: "get" | "delete", token: string, address: string) => {
      const answer = await request(app)
        [method]("/orders/7")
        .auth(token, { type: "bearer" })
        .set("X-Forwarded-For", address)
        // What a client writes must not be found as if it were a member.
        .set("User-Agent", '","audit.token.id":"j-\\"4711\\"","audit.actor.id":"x');
      lastId = String(answer.headers["x-request-id"]);
    };
    await send("get", stolen, "198.51.100.7");
    await send("get", other, "198.51.100.8");
    await send("delete", stolen, "203.0.113.9");
    await send("delete", other, "203.0.113.9");
    await send("get", unnamed, "198.51.100.7");
    await send("get", long, "198.51.100.7");
    await send("get", service, "203.0.113.9");
    await send("get", expired, "203.0.113.9");
    await send("delete", service, "2001:db8:1:2:3::9");
    await send("get", service, "2001:db8:1:2:3::9");
    await audit.close();
  });

  it("keeps a copy, with its digests", () => {
    run(commandOf("Keep what there is"));
    const copy = readFileSync(join(folder, "incident", "audit.jsonl"), "utf8");
    expect(copy).toBe(readFileSync(join(folder, "audit.jsonl"), "utf8"));
    expect(readFileSync(join(folder, "incident", "SHA256SUMS"), "utf8")).toMatch(
      / audit\.jsonl\n$/,
    );
  });

  it("shows all of it in one page", () => {
    const command = join(root, manifest.bin?.[manifest.name] ?? "");
    const written = commandOf("See all of it").replace("npx express-secure-api", `node ${command}`);
    expect(run(`${written.trim()} 2>&1`)).toEqual([
      expect.stringContaining("the report is in report.html"),
    ]);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("DELETE /orders/:id");
  });

  it("finds what was done with a token, and nothing else", () => {
    run(commandOf("Name the token"));
    const lines = run(commandOf("What was done with it"));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /Z {2}GET {2}\/orders\/:id {2}200 {2}success {2}198\.51\.100\.0 {2}https/,
    );
    expect(lines[1]).toMatch(
      /Z {2}DELETE {2}\/orders\/:id {2}403 {2}\w+ {2}203\.0\.113\.9 {2}https/,
    );
  });

  it.each([
    ["without an id", unnamed],
    ["with an id that no record holds", long],
  ])("finds a token %s by its hash", (_what, token) => {
    writeFileSync(join(folder, "token.txt"), token);
    run(commandOf("Name the token"));
    expect(run(commandOf("What was done with it"))).toHaveLength(1);
    writeFileSync(join(folder, "token.txt"), stolen);
  });

  it("says of which objects the app spoke", () => {
    run(commandOf("Name the token"));
    expect(run(commandOf("What was done with it"))[0]).toMatch(/ {2}app\.orderId="o {2}7"$/);
  });

  it("finds what else a user did", () => {
    run(commandOf("Name the token"));
    expect(run(commandOf("What else the caller did"))).toHaveLength(4);
  });

  it("finds what else a service did", () => {
    writeFileSync(join(folder, "token.txt"), service);
    run(commandOf("Name the token"));
    expect(run(commandOf("What else the caller did"))).toHaveLength(3);
    writeFileSync(join(folder, "token.txt"), stolen);
  });

  it("finds who else came from an address, also whoever succeeded", () => {
    const there = run(commandOf("Who else came from there"));
    expect(
      there.map((line) => /alice|bob|billing|token_expired {2}.*anonymous/.exec(line)?.[0]),
    ).toEqual(["alice", "bob", "billing", expect.stringContaining("token_expired")]);
  });

  it("finds who came from an address of IPv6, as it says that one is written", () => {
    const written = commandOf("Who else came from there")
      .replace("203.0.113.9", "2001:db8:1:2:3:0:0:9")
      .replace("203.0.113.0", "2001:db8:1::");
    expect(run(written).map((line) => /GET|DELETE/.exec(line)?.[0])).toEqual(["DELETE", "GET"]);
  });

  it.each(["v1", "ecs", "ocsf"] as const)(
    "finds a flood of refusals in a compressed file, with the names of %s",
    async (schema) => {
      const other = mkdtempSync(join(tmpdir(), `incident-${schema}-`));
      saveScripts(other);
      writeFileSync(join(other, "token.txt"), stolen);
      const path = join(other, "audit.jsonl");
      const audit = auditLog({ schema, sinks: [fileSink({ path })] });
      const app = express();
      app.use(audit, oauthGuard(issuer.options()));
      app.get("/orders", requireScope("write"), (_req, res) => void res.end());
      app.post("/cards", (req, res) => {
        auditEvent(req, "card_blocked");
        res.end();
      });
      for (let count = 0; count < 103; count += 1)
        await request(app).get("/orders").auth(stolen, { type: "bearer" }).expect(403);
      await request(app).post("/cards").auth(stolen, { type: "bearer" }).expect(200);
      await audit.close();
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
      rmSync(path);
      const runThere = (command: string): readonly string[] => run(command, other);
      runThere(commandOf("Name the token"));
      const lines = runThere(commandOf("What was done with it"));
      expect(lines).toHaveLength(103);
      const who = " {2}https://issuer.test/ alice {2}";
      const [flood] = lines.filter((line) => line.endsWith("requests"));
      expect(flood).toMatch(
        new RegExp(`GET {2}/orders {2}403 {2}missing_scope {2}\\S+${who}3 requests$`),
      );
      expect(lines.find((line) => line.includes("card_blocked"))).toMatch(
        new RegExp(`POST {2}/cards {2}card_blocked {2}success {2}\\S+${who}[0-9a-f-]{36}$`),
      );
      expect(runThere(commandOf("What else the caller did"))).toEqual(lines);
    },
  );

  it("follows one request, and shows what the log says of itself", () => {
    const command = commandOf("Follow one request").replace(/[0-9a-f-]{36}/, lastId);
    expect(run(command)).toHaveLength(1);
    const events = run(commandOf("Is anything missing, or changed?")).map(
      (line) => JSON.parse(line)["event.name"],
    );
    expect(events).toEqual(["sys_monitor_enabled", "sys_monitor_disabled"]);
  });
});
