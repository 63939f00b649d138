import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { auditLog, fileSink } from "../../src/audit-log/index.js";
import { createGuard } from "../../src/core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../../src/core/principal/principal.js";
import { expressVersions } from "../support/express.js";
import { guideSections } from "../support/guide.js";

const find = guideSections("audit-log-privacy.md").find(
  ({ heading }) => heading === "Find a person",
);
const guard = createGuard("guard", "authorization", { mode: "enforce", onDenied: "respond" });

describe.each(expressVersions)(
  "the guide to people in the log on Express %s",
  (_major, express) => {
    it("finds the records of a person under every key that is left, and of nobody else", async () => {
      const folder = mkdtempSync(join(tmpdir(), "privacy-guide-"));
      const [script = ""] = find?.blocks("js") ?? [];
      const [commands = ""] = find?.blocks("sh") ?? [];
      writeFileSync(join(folder, "pseudonyms.mjs"), script);
      const keys = ["2026-11", "2026-12"].map((id) => ({ id, key: randomBytes(32) }));
      for (const { id, key } of keys) writeFileSync(join(folder, `key-${id}`), key);
      const path = join(folder, "audit.jsonl");
      for (const at of [1, 2]) {
        const key = keys.slice(0, at).reverse();
        const audit = auditLog({
          sinks: [fileSink({ path })],
          privacy: { subject: "pseudonym", address: "pseudonym", key },
        });
        const app = express();
        app.use(audit, (req, res) => {
          const subject = String(req.query["user"]);
          setPrincipalSource(req, () =>
            createPrincipal({ subject, issuer: "https://idp.example.com" }),
          );
          guard.allow(req, { token: `jti-${subject}` });
          res.end();
        });
        for (const user of ["alice", "bob"]) await request(app).get(`/?user=${user}`).expect(200);
        await audit.close();
      }
      const run = (command: string): readonly string[] => {
        const options = { cwd: folder, encoding: "utf8" } as const;
        const { stdout, stderr } = spawnSync("sh", ["-c", command], options);
        expect(stderr).toBe("");
        return stdout.split("\n").filter((line) => line !== "");
      };
      const found = run(commands).map((line) => JSON.parse(line));
      expect(found).toHaveLength(2);
      expect(found.map((record) => record["audit.actor.id"].split(":")[0])).toEqual([
        "2026-11",
        "2026-12",
      ]);
      expect(new Set(found.map((record) => record["audit.record.id"].slice(0, 36))).size).toBe(2);
      expect(run("wc -l < alice.txt").join().trim()).toBe("2");
      const text = readFileSync(path, "utf8");
      for (const plain of ["alice", "bob", "jti-", "127.0.0.1"]) expect(text).not.toContain(plain);
      // By token and by address as well.
      const of = (kind: string, value: string): number =>
        run(`node pseudonyms.mjs ${kind} ${value} 2026-12=key-2026-12 | grep -hFf - audit.jsonl`)
          .length;
      expect(of("token", "jti-bob")).toBe(1);
      expect(of("address", "127.0.0.1")).toBe(2);
    });
  },
);
