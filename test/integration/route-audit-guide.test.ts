import type { Express, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { requireScope } from "../../src/authorization/index.js";
import { readArguments, USAGE } from "../../src/cli/routes/read-arguments.js";
import { markGuard } from "../../src/core/guard/guard-mark.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { auditRoutes } from "../../src/route-audit/audit-routes.js";
import { FINDING_RULES } from "../../src/route-audit/findings/finding.js";
import { findingsOf } from "../../src/route-audit/findings/findings-of.js";
import { FORMATS } from "../../src/route-audit/format-routes.js";
import { validate } from "../../src/validate/index.js";
import { expressVersions } from "../support/express.js";
import { guideText } from "../support/guide.js";

const text = guideText("route-audit.md");
const answer: RequestHandler = (_req, res) => void res.json({});
const authenticated = markGuard<RequestHandler>((_req, _res, next) => next(), {
  guard: "oauthGuard",
  kind: "authentication",
  mode: "enforce",
});

describe("the guide of the route audit", () => {
  it("names every finding, and no other", () => {
    const section = text.slice(text.indexOf("## Findings"));
    const listed = [...section.matchAll(/^\| `([a-z-]+)` \| (?:error|warning) \|/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(Object.keys(FINDING_RULES).sort());
  });

  it("names every option that --help prints, and every format", () => {
    const listed = [...text.matchAll(/^\| `--([a-z-]+)/gm)].map(([, name]) => name);
    const printed = [...USAGE.matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name]) => name);
    expect(listed).toEqual(printed.filter((name) => name !== "help"));
    const formats = /^\| `--format <name>` \| (.*) \|$/m.exec(text)?.[1] ?? "";
    expect([...formats.matchAll(/`([a-z]+)`/g)].map(([, name]) => name)).toEqual(
      Object.keys(FORMATS),
    );
  });

  it("shows commands that the command understands", () => {
    const commands = [...text.matchAll(/npx express-secure-api (routes .*)$/gm)];
    expect(commands.length).toBeGreaterThanOrEqual(4);
    for (const [, args = ""] of commands) {
      expect(readArguments(args.split(" "))).toMatchObject({ module: "./app.js" });
    }
  });

  it.each(expressVersions)("shows what the command prints (%s)", (_version, express) => {
    const app: Express = express();
    app.post("/legacy", answer);
    app.get("/orders/:id", authenticated, requireScope("orders:read"), answer);
    const report = auditRoutes(app);
    const table = FORMATS.table(report, { findings: findingsOf(report) });
    expect(text).toContain(`\`\`\`txt\n${table}\`\`\``);
  });

  it.each(expressVersions)(
    "says that guards say their details, unless something hides them (%s)",
    (_version, express) => {
      const limit = rateLimit({ limit: 100, window: "1m" });
      const schema = validate({
        body: { type: "object", properties: { item: { type: "string" } } },
      });
      const traced = Object.assign(((req, res, next) => limit(req, res, next)) as RequestHandler, {
        ...limit,
        __original: limit,
      });
      const wrapped = Object.assign(((req, res, next) => limit(req, res, next)) as RequestHandler, {
        ...limit,
      });
      const app: Express = express();
      app.post("/plain", limit, schema, answer);
      app.post("/traced", traced, answer);
      app.post("/wrapped", wrapped, answer);
      const details = auditRoutes(app).routes.map(({ guards }) =>
        guards.map((guard) => guard.details?.limits?.[0]?.limit ?? guard.details?.schemas),
      );
      const body = { type: "object", properties: { item: { type: "string" } } };
      expect(details).toEqual([[100, { body }], [100], [undefined]]);
    },
  );
});
