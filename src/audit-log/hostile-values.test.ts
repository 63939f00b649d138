import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { auditEvent, auditFields, auditLog, fileSink } from "./index.js";

const SECRET = "zq9SECRETzq9";
const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.${"s".repeat(60)}`;
/** Controls, bidirectional controls, line separators, lone surrogates and the byte order mark. */
const STEERING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u;
/** Nothing of it may be read as a line, a member, or a command to a terminal. */
const HOSTILE =
  'a\r\n{"event.name":"forged"}\u001b[2J\u009b\u2028\u2029\u202e\ud800\ufeff","x":"\\__proto__';
/** What a client can write into a header: no control characters. */
const SENDABLE = '","unmapped":{"event.name":"forged"},"x":"\\\u00e4\u0085';

describe.each(expressVersions)("hostile values on Express %s", (_major, express) => {
  it.each(["v1", "ecs", "ocsf"] as const)(
    "are one safe, bounded line each, without secrets, in schema %s",
    async (schema) => {
      const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
      const log = auditLog({
        schema,
        fields: { headers: ["user-agent", "referer"] },
        sinks: [fileSink({ path, write: "record" })],
      });
      const app = express();
      app.use(log);
      app.get("/known", (req, res) => {
        auditFields(req, { note: HOSTILE, long: "x".repeat(1_000_000) });
        auditEvent(req, "note_kept", { note: HOSTILE, token: SECRET, text: `Bearer ${SECRET}` });
        res.end();
      });
      const server = createServer({ maxHeaderSize: 2_000_000 }, app);
      log.attachServer(server);
      server.on("upgrade", (_req, socket) => void socket.end());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const send = (head: string): Promise<void> =>
        new Promise((resolve) => {
          const socket = connect(port, "127.0.0.1", () =>
            socket.write(Buffer.from(head, "latin1")),
          );
          socket
            .resume()
            .on("error", () => undefined)
            .on("close", () => resolve());
        });
      const fields = `Host: a\r\nConnection: close\r\nUser-Agent: ${SENDABLE} ${JWT} ${"y".repeat(1_000_000)}\r\nReferer: https://u:${SECRET}@x/?code=${SECRET}\r\nAuthorization: Bearer ${SECRET}\r\nCookie: id=${SECRET}\r\n\r\n`;
      await send(`GET /known?token=${SECRET} HTTP/1.1\r\n${fields}`);
      await send(`GET /unknown/${JWT}?token=${SECRET} HTTP/1.1\r\n${fields}`);
      await send(
        `GET /chat/${JWT}?token=${SECRET} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${SENDABLE}${SECRET}\r\n\r\n`,
      );
      await send(`${SECRET} / HTTP/1.1\r\n${fields}`);
      server.close();
      await log.close();
      const text = readFileSync(path, "utf8");
      const lines = text.trimEnd().split("\n");
      // Start, event, two requests, upgrade, failed connection, end.
      expect(lines).toHaveLength(7);
      for (const line of lines) {
        const record = JSON.parse(line) as Record<string, unknown>;
        expect(canonicalize(record)).toBe(line);
        expect(line.length).toBeLessThan(8192);
        const names = (record["unmapped"] ?? record) as Record<string, unknown>;
        expect(names["event.name"]).not.toBe("forged");
        expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
      }
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(JWT.slice(0, 40));
      expect(text.replaceAll("\n", "")).not.toMatch(STEERING);
    },
  );
});
