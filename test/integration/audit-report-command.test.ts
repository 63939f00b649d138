import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { auditLog, fileSink } from "../../src/audit-log/index.js";
import type { AuditReport } from "../../src/audit-log/report/audit-report.js";
import { requireRole } from "../../src/authorization/index.js";
import { checkOut } from "../../src/cli/audit-report/write-report.js";
import { errorHandler, notFound } from "../../src/errors/index.js";
import { rateLimit } from "../../src/rate-limit/index.js";
import { expressVersions } from "../support/express.js";
import { manifest, root } from "../support/package-manifest.js";
import { ReferenceStream, textOf } from "../support/reference-log.js";
import { createSource, lineOf, requestRecord, sampleLog } from "../support/sample-log.js";

const command = join(
  root,
  (manifest as { bin?: Record<string, string> }).bin?.[manifest.name] ?? "",
);
/** Of util-linux: runs a command on a terminal. */
const SCRIPT = "/usr/bin/script";
const folder = mkdtempSync(join(tmpdir(), "audit-report-"));
const log = join(folder, "audit.jsonl");
afterAll(() => rmSync(folder, { recursive: true }));

describe("the command audit-report", () => {
  beforeEach(() => {
    writeFileSync(log, `${sampleLog().map(lineOf).join("\n")}\n`);
  });

  it("writes a page for its owner alone, and ends with 0", async () => {
    const out = join(folder, "report.html");
    const { status, stderr, stdout } = await run([log, "--out", out, "--title", "Shop & <Sons>"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toBe(`express-secure-api: 4738 lines; the report is in ${out}\n`);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const page = readFileSync(out, "utf8");
    expect(page).toContain("<title>Shop &amp; &lt;Sons&gt;</title>");
    expect(page).toContain("198.51.100.77");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it.skipIf(!existsSync(SCRIPT))("prints no page on a terminal, and says what to do", async () => {
    const onTerminal = async (...args: string[]) => {
      const line = [process.execPath, command, "audit-report", log, ...args].join(" ");
      const child = execFile(SCRIPT, ["-qec", line, "/dev/null"], { maxBuffer: 1e8 });
      let text = "";
      child.stdout?.on("data", (chunk) => {
        text += chunk;
      });
      const [status] = await once(child, "close");
      return { status, text };
    };
    const page = await onTerminal();
    expect(page).toEqual({
      status: 2,
      text: "express-secure-api: the report is a page for a browser: write --out report.html, or --format json for a terminal\r\n",
    });
    const out = join(folder, "from-terminal.html");
    expect((await onTerminal("--out", out)).status).toBe(0);
    expect(readFileSync(out, "utf8")).toContain("</html>");
    expect((await onTerminal("--format", "json")).text).toContain('"generator"');
  });

  it("replaces an older report, also behind a link, and nothing else", async () => {
    const out = join(folder, "again.html");
    const link = join(folder, "link.html");
    await run([log, "--out", out]);
    chmodSync(out, 0o644);
    symlinkSync(out, link);
    expect((await run([log, "--out", link, "--title", "Second"])).status).toBe(0);
    expect(readFileSync(out, "utf8")).toContain("Second");
    expect(statSync(out).mode & 0o777).toBe(0o600);

    const before = readFileSync(log, "utf8");
    const refused = await run([log, "--out", log]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain("exists and is no report");
    expect(readFileSync(log, "utf8")).toBe(before);
    const folders = await run([log, "--out", folder]);
    expect(folders.stderr).toContain("is not a regular file");
    const nowhere = await run([log, "--out", join(folder, "no", "report.html")]);
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toMatch(/report\.html could not be written: .*no does not exist\n$/);
    const dangling = join(folder, "dangling.html");
    symlinkSync(join(folder, "later.html"), dangling);
    expect((await run([log, "--out", dangling])).stderr).toContain("is a link that leads nowhere");
    expect(checkOut(link)).toEqual({ target: realpathSync(out), isThere: true });
  });

  it("counts a time alone, in JSON for programs", async () => {
    const time = ["--from", "2026-11-26T10:01Z", "--to", "2026-11-26 10:05"];
    const { status, stdout } = await run([log, "--format", "json", "--top", "2", ...time]);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as AuditReport;
    expect(report).toMatchObject({
      generator: "express-secure-api audit-report",
      format: 1,
      from: "2026-11-26T10:01:00.000Z",
      to: "2026-11-26T10:05:00.000Z",
      files: [{ file: log, lines: 4738, compressed: false }],
      chain: { integrity: "unchained", streams: 1 },
    });
    const { first = "", last = "", rankings } = report.summary;
    expect(first >= "2026-11-26T10:01:00.000Z" && last < "2026-11-26T10:05:00.000Z").toBe(true);
    expect(rankings.refusedAddresses.rows).toHaveLength(2);
    expect(rankings.refusedAddresses.rows[0]?.name).toBe("198.51.100.77");
  });

  it("reads compressed files and the standard input as one log", async () => {
    const lines = sampleLog().map(lineOf);
    const packed = join(folder, "old.jsonl.gz");
    writeFileSync(packed, gzipSync(`${lines.slice(0, 2000).join("\n")}\n`));
    const rest = `${lines.slice(2000).join("\n")}\n`;
    const { status, stdout } = await run([packed, "-", "--format", "json"], rest);
    expect(status).toBe(0);
    const { summary, files } = JSON.parse(stdout) as AuditReport;
    expect(files).toMatchObject([{ compressed: true, lines: 2000 }, { file: "-" }]);
    expect(summary.traffic.requests).toBe(4975);
    expect(summary.streams).toMatchObject({ count: 1, missing: 0 });
  });

  it("ends with 1 when the log was tampered with, and says so in front of everything else", async () => {
    const lines = sampleLog().slice(0, 20).map(lineOf);
    const twice = join(folder, "twice.jsonl");
    writeFileSync(twice, `${lines.join("\n")}\n${lines[7]?.replace("GET", "PUT")}\n`);
    const { status, stdout } = await run([twice, "--format", "json"]);
    expect(status).toBe(1);
    const { chain, standsOut } = JSON.parse(stdout) as AuditReport;
    expect(chain?.integrity).toBe("tampered");
    expect(standsOut[0]).toMatchObject({ level: "bad", part: "log" });
  });

  it("ends with 1 when lines cannot be records any more, as verify-log does", async () => {
    const broken = join(folder, "broken.jsonl");
    // Not in the order of the names either.
    const record = requestRecord(createSource("no-stream")(Date.now()));
    writeFileSync(broken, `${JSON.stringify({ ...record, "audit.record.id": "s0-1" })}\n`);
    const { status, stdout } = await run([broken, "--format", "json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ chain: { integrity: "tampered" } });
  });

  it("tells what verify-log says of a signed log, with the key that is given", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = join(folder, "audit.pem");
    writeFileSync(key, publicKey.export({ format: "pem", type: "spki" }));
    const signed = new ReferenceStream({ signingKey: privateKey }).records(25);
    const open = join(folder, "open.jsonl");
    writeFileSync(open, textOf(signed.lines));
    signed.end();
    const whole = join(folder, "whole.jsonl");
    writeFileSync(whole, textOf(signed.lines));
    const changed = join(folder, "changed.jsonl");
    writeFileSync(changed, textOf(signed.lines).replace("oauthGuard:allow", "oauthGuard:deny"));
    for (const [file, status, integrity, completeness] of [
      [whole, 0, "intact", "complete"],
      [open, 0, "intact", "open"],
      [changed, 1, "tampered", "complete"],
    ] as const) {
      const ended = await run([file, "--key", key, "--format", "json"]);
      const { chain } = JSON.parse(ended.stdout) as AuditReport;
      expect({ ...chain, status: ended.status }).toMatchObject({ status, integrity, completeness });
    }
    const unsigned = await run([whole, "--format", "json"]);
    expect(JSON.parse(unsigned.stdout)).toMatchObject({ chain: { integrity: "unsigned" } });
  });

  it.each([
    [[], "name the log files"],
    [["nowhere.jsonl"], "nowhere.jsonl"],
    [[log, log], "is named twice"],
    [[log, "--from", "yesterday"], "--from must be a time"],
    [[log, "--from", "2026-02-30"], "--from must be a time"],
    [[log, "--from", "2026-11-27", "--to", "2026-11-26"], "--from must be before --to"],
    [[log, "--top", "0"], "--top must be from 1 to 1000"],
    [[log, "--format", "htm"], 'did you mean "html"?'],
    [[log, "--formt", "html"], "--format"],
    [[log, "--out", ""], "--out is empty"],
    [[log, "--out", "-"], "leave it away to write to the standard output"],
    [[log, "--key", join(folder, "no.pem")], "cannot be read"],
    [[log, "--anchor", log], "is no anchor"],
    [[log, "--max-age", "5"], "--max-age must be a duration"],
  ])("ends with 2 and one line for %j", async (args, message) => {
    const { status, stdout, stderr } = await run(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.split("\n")).toHaveLength(2);
  });

  it("prints how it is used", async () => {
    const { status, stdout } = await run(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: express-secure-api audit-report");
    expect(stdout).toContain("Exit codes:");
  });

  it("holds no more for many lines than for few", async () => {
    const many = join(folder, "many.jsonl");
    const source = createSource();
    const start = Date.parse("2026-11-26T00:00:00.000Z");
    const lines = Array.from({ length: 40_000 }, (_, index) =>
      lineOf(
        requestRecord(source(start + index * 800), {
          "audit.actor.id": `user-${index}`,
          "client.address": `10.${index >> 16}.${(index >> 8) & 255}.0`,
        }),
      ),
    );
    writeFileSync(many, `${lines.join("\n")}\n`);
    const flags = ["--max-old-space-size=48"];
    const { status, stdout } = await run([many, "--format", "json"], "", flags);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as AuditReport).summary.traffic.requests).toBe(40_000);
    rmSync(many);
  }, 60_000);

  it.each(expressVersions)("tells what a log of Express %s says", async (_major, express) => {
    const path = join(folder, `express-${_major}.jsonl`);
    const audit = auditLog({
      service: { name: "shop" },
      sinks: [fileSink({ path, write: "record" })],
    });
    const app = express();
    app.use(audit, rateLimit({ limit: 5, window: "1m" }));
    app.get("/orders/:id", (_req, res) => void res.json({}));
    app.get("/admin", requireRole("admin"), (_req, res) => void res.json({}));
    app.get("/broken", () => {
      throw new TypeError("no");
    });
    app.use(notFound(), errorHandler());
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    for (const target of ["/orders/1", "/orders/2", "/admin", "/broken", "/none", "/orders/3"]) {
      await fetch(`http://127.0.0.1:${port}${target}`).then((answer) => answer.text());
    }
    server.closeAllConnections();
    server.close();
    await audit.close();
    const { status, stdout } = await run([path, "--format", "json"]);
    expect(status).toBe(0);
    const { summary } = JSON.parse(stdout) as AuditReport;
    expect(summary.traffic.endings).toEqual({
      succeeded: 2,
      refused: 2,
      clientErrors: 1,
      serverErrors: 1,
      unfinished: 0,
    });
    expect(summary.routes.routes.rows.map(({ name }) => name)).toContain("GET /orders/:id");
    expect(summary.rankings.reasons.rows.map(({ reason }) => reason).sort()).toEqual([
      "TypeError",
      "limit_exceeded",
      "no_principal",
    ]);
    expect(summary.streams).toMatchObject({ count: 1, missing: 0, open: 0, services: ["shop"] });
    expect(existsSync(path)).toBe(true);
  });
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], input = "", flags: readonly string[] = []): Promise<Ended> {
  return new Promise((done) => {
    const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(
      process.execPath,
      [...flags, command, "audit-report", ...args],
      options,
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        done({ status: typeof code === "number" ? code : -1, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
