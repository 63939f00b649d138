import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { newIds, parseTraceparent } from "./correlation/trace-context.js";
import { type AuditLogOptions, auditLog, fileSink } from "./index.js";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const NEW_ID = /^[0-9a-f-]{36}$/;

describe.each(expressVersions)("correlation on Express %s", (_major, express) => {
  async function send(
    options: AuditLogOptions,
    headers: Record<string, string>,
  ): Promise<Record<string, unknown>> {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const app = express();
    app.set("trust proxy", true);
    app.use(auditLog({ ...options, sinks: [fileSink({ path })] }), (_req, res) => void res.end());
    const answer = await request(app).get("/").set(headers);
    const record = JSON.parse(readFileSync(path, "utf8").trim().split("\n").at(-1) ?? "");
    return {
      ...record,
      sent: answer.headers["x-request-id"] ?? answer.headers["x-correlation-id"],
    };
  }

  it("takes a request id over from a trusted peer only", async () => {
    const inbound = { "X-Request-Id": "req-12345678", "X-Forwarded-For": "10.1.2.3" };
    const trusted = await send({ requestId: { trustedPeers: ["127.0.0.0/8", "::1"] } }, inbound);
    expect(trusted["http.request.id"]).toBe("req-12345678");
    expect(trusted["sent"]).toBe("req-12345678");
    for (const options of [{}, { requestId: { trustedPeers: ["10.0.0.0/8"] } }]) {
      const record = await send(options, inbound);
      expect(record["http.request.id"]).toMatch(NEW_ID);
      expect(record["sent"]).toBe(record["http.request.id"]);
    }
  });

  it.each([
    "short",
    "a".repeat(65),
    "has space in it",
    'quote"quote"',
    "semi;colon;x",
    "<script>alert</script>",
    "12345678, 87654321",
  ])("gives a new id instead of %j", async (id) => {
    const record = await send(
      { requestId: { trustedPeers: ["127.0.0.1", "::1"] } },
      { "X-Request-Id": id },
    );
    expect(record["http.request.id"]).toMatch(NEW_ID);
  });

  it("reads and sends the id under another name", async () => {
    const requestId = { header: "X-Correlation-Id", trustedPeers: ["127.0.0.1"] };
    const record = await send(
      { requestId },
      { "X-Correlation-Id": "corr-00000001", "X-Request-Id": "req-12345678" },
    );
    expect(record["http.request.id"]).toBe("corr-00000001");
    expect(record["sent"]).toBe("corr-00000001");
  });

  it("sends no id in report mode", async () => {
    const record = await send({ mode: "report" }, {});
    expect(record["http.request.id"]).toMatch(NEW_ID);
    expect(record["sent"]).toBeUndefined();
  });

  it("continues a trace of a trusted peer only, under a span of its own", async () => {
    const traceparent = { traceparent: `00-${TRACE}-${PARENT}-01` };
    const trusted = await send({ trace: { trustedPeers: ["127.0.0.1"] } }, traceparent);
    expect(trusted).toMatchObject({ trace_id: TRACE, trace_flags: "01" });
    expect(trusted["span_id"]).not.toBe(PARENT);
    const foreign = await send({ trace: { trustedPeers: ["10.0.0.0/8"] } }, traceparent);
    expect(foreign["trace_id"]).not.toBe(TRACE);
    expect(foreign["trace_flags"]).toBe("02");
  });
});

describe("traceparent", () => {
  it.each([
    [`00-${TRACE}-${PARENT}-01`, "01"],
    [`00-${TRACE}-${PARENT}-00`, "00"],
    [`00-${TRACE}-${PARENT}-02`, "02"],
    [`00-${TRACE}-${PARENT}-ff`, "03"],
    [`cc-${TRACE}-${PARENT}-ff`, "01"],
    [`cc-${TRACE}-${PARENT}-01`, "01"],
    [`cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, "01"],
  ])("reads %j", (value, flags) => {
    expect(parseTraceparent(value)).toEqual({ traceId: TRACE, flags });
  });

  it.each([
    undefined,
    "",
    ["00"],
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT.toUpperCase()}-01`,
    `00-${"0".repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01-more`,
    `cc-${TRACE}-${PARENT}-01.more`,
    ` 00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-${"x".repeat(600)}`,
  ])("does not read %j", (value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  it("starts traces that are valid and different", () => {
    const ids = Array.from({ length: 1000 }, () => {
      const { traceId, spanId } = newIds();
      return `00-${traceId}-${spanId}-00`;
    });
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(parseTraceparent(id)).toBeDefined();
  });
});
