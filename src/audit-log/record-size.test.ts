import canonicalize from "canonicalize";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import {
  type AuditFieldOptions,
  type AuditSchema,
  auditEvent,
  auditFields,
  auditLog,
} from "./index.js";

const MESSAGE = Symbol.for("message");
const HEADERS = ["user-agent", "referer", "x-a", "x-b"];
const guard = createGuard("guard", "authorization", { mode: "enforce", onDenied: "respond" });

describe.each(expressVersions)("the size of a record on Express %s", (_major, express) => {
  async function linesOf(
    fields: AuditFieldOptions,
    payload: string,
    queries = "",
    schema: AuditSchema = "v1",
  ): Promise<{ event: string; request: string }> {
    const lines: string[] = [];
    const sink = new Transport({
      log(info, next) {
        if (info[MESSAGE].includes("http.request.method")) lines.push(info[MESSAGE]);
        next();
      },
    });
    const app = express();
    app.use((req, _res, next) => {
      for (const name of HEADERS) req.headers[name] = payload;
      next();
    });
    app.use(auditLog({ schema, sinks: [sink], service: { name: "s".repeat(256) }, fields }));
    app.use((req, res, next) => {
      for (let index = 0; index < 16; index += 1) auditFields(req, { [`field${index}`]: payload });
      const roles = Array.from({ length: 40 }, (_, index) => `${index}${payload}`);
      setPrincipalSource(req, () => createPrincipal({ subject: payload, tenant: payload, roles }));
      auditEvent(
        req,
        "order_failed",
        Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`field${index}`, payload])),
      );
      const fields = { rule: payload, policy: payload };
      guard.refuse(new HttpError("access_denied"), req, res, next, fields);
    });
    await request(app).get(`/${queries}`).expect(403);
    expect(lines).toHaveLength(2);
    const [event = "", line = ""] = lines;
    return { event, request: line };
  }
  const lineOf = async (...given: Parameters<typeof linesOf>): Promise<string> =>
    (await linesOf(...given)).request;

  it.each([
    ["2kb", 2048],
    ["8kb", 8192],
    ["64kb", 65_536],
  ])(
    "is at most %s, whatever the client and the app fill in, and stays one canonical line",
    async (maxRecordSize, bytes) => {
      for (const payload of [
        "x".repeat(1_000_000),
        "\u0000\u2028\ud800".repeat(500),
        "世".repeat(900),
      ]) {
        const fields = { headers: HEADERS, query: "names", maxRecordSize } as const;
        const line = await lineOf(fields, payload, `?${"a=1&".repeat(40)}`);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(bytes);
        const record = JSON.parse(line);
        expect(JSON.stringify(record)).toBe(line);
        expect(Object.keys(record)).toEqual(Object.keys(record).sort());
        expect(record).toMatchObject({
          "audit.outcome": "failure",
          "audit.record.id": expect.stringMatching(/-3$/),
          "client.address": "127.0.0.1",
          "event.name": "authz_fail",
          "http.request.id": expect.any(String),
          "http.response.status_code": 403,
        });
      }
    },
  );

  it.each(["v1", "ecs", "ocsf"] as const)(
    "is at most maxRecordSize also in schema %s and of events, and says who called",
    async (schema) => {
      for (const payload of [
        "x".repeat(1000),
        "\u0000\u2028\ud800".repeat(100),
        "世".repeat(300),
      ]) {
        const fields = { headers: HEADERS, query: "names", maxRecordSize: "2kb" } as const;
        const { event, request: line } = await linesOf(fields, payload, "?a=1", schema);
        for (const text of [event, line]) {
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
          expect(canonicalize(JSON.parse(text))).toBe(text);
          const members = JSON.parse(text);
          const id =
            members["audit.actor.id"] ?? members["user.id"] ?? members.actor?.user?.uid ?? "";
          expect(id.length).toBeGreaterThan(30);
        }
        expect(event).toContain("order_failed");
      }
    },
  );

  it("loses the fields of the app first, then header fields, then the details of decisions", async () => {
    const payload = "x".repeat(256);
    const steps = ["64kb", "6kb", "5kb", "2kb"].map(async (maxRecordSize) => {
      const record = JSON.parse(await lineOf({ headers: HEADERS, maxRecordSize }, payload));
      return ["audit.truncated", "app.field0", "user_agent.original", "user.roles"].map(
        (name) => name in record,
      );
    });
    expect(await Promise.all(steps)).toEqual([
      [false, true, true, true],
      [true, false, true, true],
      [true, false, false, true],
      [true, false, false, false],
    ]);
  });

  it("is 8 KiB at most by default, and says nothing of a record that is shorter", async () => {
    expect(Buffer.byteLength(await lineOf({}, "\u0000".repeat(256)))).toBeLessThanOrEqual(8192);
    expect(await lineOf({}, "short")).not.toContain("audit.truncated");
  });
});

describe("fields.maxRecordSize and fields.query", () => {
  it.each<[unknown, string]>([
    [{ maxRecordSize: "2047b" }, "auditLog.fields.maxRecordSize must be"],
    [{ maxRecordSize: "65kb" }, "auditLog.fields.maxRecordSize must be"],
    [{ maxRecordSize: 8192 }, "auditLog.fields.maxRecordSize must be"],
    [{ query: "all" }, "auditLog.fields.query must be"],
    [{ query: true }, "auditLog.fields.query must be"],
    [{ query: [] }, "auditLog.fields.query must be"],
    [
      { query: ["token"] },
      "auditLog.fields.query[0] must not name a parameter that carries a secret",
    ],
    [
      { query: Array.from({ length: 33 }, (_, index) => `a${index}`) },
      "auditLog.fields.query must be a list of at most 32 names",
    ],
  ])("refuse %j", (fields, message) => {
    expect(() => auditLog({ fields: fields as AuditFieldOptions })).toThrow(message);
  });
});
