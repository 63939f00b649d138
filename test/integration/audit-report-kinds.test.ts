import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { auditEvent, auditLog, fileSink } from "../../src/audit-log/index.js";
import { readLogFile } from "../../src/audit-log/log-files/read-log-file.js";
import { createLogSummary } from "../../src/audit-log/report/create-log-summary.js";
import type { LogSummary } from "../../src/audit-log/report/log-summary.js";
import { errorHandler } from "../../src/errors/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { expressVersions } from "../support/express.js";

const folder = mkdtempSync(join(tmpdir(), "audit-report-kinds-"));
afterAll(() => rmSync(folder, { recursive: true }));

const versions = expressVersions.flatMap(([major, express]) =>
  (["v1", "ecs", "ocsf"] as const).map((schema) => [major, schema, express] as const),
);

describe.each(versions)(
  "the report on a log of Express %s in schema %s",
  (major, schema, express) => {
    it("counts each request once, and nothing else as one", async () => {
      const path = join(folder, `${major}-${schema}.jsonl`);
      const audit = auditLog({
        sinks: [fileSink({ path, rotate: { size: "60kb" } })],
        schema,
        sample: { success: { "/sampled": 0 } },
        alerts: { honeytokens: { routes: ["/admin.php"] } },
      });
      const app = express();
      app.use(audit);
      app.get("/sampled", (_req, res) => void res.end());
      app.get("/limited", rateLimit({ limit: 5, window: "1h" }), (_req, res) => void res.end());
      app.post("/login", (req, res) => {
        auditEvent(req, "authn_login_fail");
        res.redirect("/login");
      });
      app.get("/broken", () => {
        throw new TypeError("no");
      });
      app.use(errorHandler());
      const server = createServer(app).listen(0, "127.0.0.1");
      audit.attachServer(server);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const send = async (times: number, target: string, method = "GET"): Promise<void> => {
        for (let index = 0; index < times; index += 1) {
          const answer = await fetch(`http://127.0.0.1:${port}${target}`, {
            method,
            redirect: "manual",
          });
          await answer.text();
        }
      };
      await send(7, "/sampled");
      await send(130, "/limited");
      await send(3, "/login", "POST");
      await send(2, "/broken");
      await send(1, "/admin.php");
      for (let index = 0; index < 120; index += 1) {
        const socket = connect(port, "127.0.0.1", () => socket.write("no HTTP\r\n\r\n"));
        socket.on("error", () => undefined).resume();
        await once(socket, "close");
      }
      audit.event(null, "nightly_job");
      server.closeAllConnections();
      server.close();
      await audit.close();

      const { alerts, rankings, routes, streams, traffic } = await summaryOf(path);
      expect(traffic.endings).toEqual({
        succeeded: 5,
        refused: 125 + 3,
        clientErrors: 1,
        serverErrors: 2,
        unfinished: 0,
      });
      expect(countsOf(alerts.others.rows)).toEqual({
        authn_login_fail: 3,
        connection_failed: 120,
        nightly_job: 1,
      });
      expect(alerts.alerts.rows.map(({ name }) => name)).toContain("honeytoken");
      expect(countsOf(rankings.actors.rows)).toEqual({ "anonymous anonymous": 136 });
      expect(countsOf(routes.routes.rows)).toMatchObject({ "GET /limited": 130, "POST /login": 3 });
      expect(streams).toMatchObject({ missing: 0, repeated: 0, sampledOut: 7, open: 0, lost: 0 });
    });
  },
);

async function summaryOf(path: string): Promise<LogSummary> {
  const name = path.slice(folder.length + 1, -".jsonl".length);
  const files = readdirSync(folder).filter((file) => file.startsWith(`${name}.`));
  const [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const summary = createLogSummary({ from, to, most: 50 });
  for (const file of files) {
    await readLogFile(join(folder, file), {
      line: (bytes) => summary.line(bytes.toString("utf8"), () => file),
      longLine: () => summary.unreadable(() => file),
    });
  }
  expect(files.length).toBeGreaterThan(1);
  return summary.result();
}

function countsOf(rows: readonly { readonly name: string; readonly count: number }[]) {
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}
