import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { fileSink } from "../../src/audit-log/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { expressVersions } from "../support/express.js";

// "A request whose socket or HTTP/2 stream is destroyed before we look (reset at once) is dead: it runs nothing, is
// counted nowhere, and its record says so (today it gets a second quota under "unknown")."
describe.each(expressVersions)("a client that is gone on Express %s", (_major, express) => {
  it("is counted in no limit, reaches no handler, and has a record that says so", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const app = express();
    app.use((req, _res, next) => {
      if (req.url === "/gone") req.socket.destroy();
      next();
    });
    app.use(
      secureApi({
        oauthGuard: false,
        rateLimit: { limit: 1, window: "1m" },
        auditLog: { sinks: [fileSink({ path })] },
      }),
    );
    const handled: string[] = [];
    app.use((req, res) => {
      handled.push(req.url);
      res.end();
    });
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const send = async (target: string): Promise<void> => {
      const client = connect(port, "127.0.0.1");
      client.on("error", () => undefined);
      client.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await once(client.resume(), "close");
    };
    for (const target of ["/gone", "/gone", "/kept"]) await send(target);
    const records = (): Record<string, unknown>[] =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter((record) => "http.request.id" in record);
    await vi.waitFor(() => expect(records()).toHaveLength(3));
    server.close();
    expect(handled).toEqual(["/kept"]);
    const [first, second, last] = records();
    for (const record of [first, second]) {
      expect(record).toMatchObject({
        "audit.aborted": true,
        "audit.outcome": "unknown",
        "error.type": "connection_closed",
      });
      expect(JSON.stringify(record)).not.toContain("rateLimit");
    }
    expect(last).toMatchObject({ "audit.outcome": "success", "http.response.status_code": 200 });
  });
});
