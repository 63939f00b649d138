import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Request } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { auditLog } from "../../src/audit-log/index.js";
import { principalFrom } from "../../src/principal/index.js";
import { expressVersions } from "../support/express.js";
import { root } from "../support/package-manifest.js";
import { tablesOf } from "../support/reference-pages.js";

const guide = readFileSync(
  join(root, "docs", "guides", "migrate-from-morgan-and-express-winston.md"),
  "utf8",
);
const schema = JSON.parse(
  readFileSync(join(root, "docs", "schema", "audit-v1.schema.json"), "utf8"),
) as { readonly properties: Readonly<Record<string, unknown>> };

const silent = () => new Transport({ log: (_info, next) => next() });

describe("the guide for those who leave morgan", () => {
  it("names members that records have", () => {
    const cells = tablesOf(guide).flatMap(({ rows }) =>
      rows.map((row) => row["member of the record"] ?? ""),
    );
    const named = cells.flatMap((cell) => cell.match(/^`[^`]+`/) ?? []);
    const members = named.map((name) => name.replaceAll("`", ""));
    expect(members.length).toBeGreaterThan(9);
    expect(members.filter((name) => !(name in schema.properties))).toEqual([]);
  });

  it.each(expressVersions)(
    "changes no header of an answer in report mode on Express %s, whoever calls",
    async (_major, express) => {
      const answerOf = async (mounted: boolean, id: unknown) => {
        const app = express();
        if (mounted) app.use(auditLog({ sinks: [silent()], mode: "report" }));
        app.use((req, _res, next) => {
          Object.assign(req, { user: { id } });
          next();
        });
        const who = (req: Request) => ({ subject: (req as { user?: { id?: string } }).user?.id });
        if (mounted) app.use(principalFrom(who as never, { mode: "report" }));
        app.get("/", (_req, res) => void res.send("hello"));
        const { status, text, headers } = await request(app).get("/");
        return { status, text, headers: { ...headers, date: "" } };
      };
      for (const id of ["7", 7])
        expect(await answerOf(true, id)).toEqual(await answerOf(false, id));
    },
  );
});
