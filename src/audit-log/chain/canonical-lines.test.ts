import { generateKeyPairSync } from "node:crypto";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Express, Request } from "express";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checkStream, streamsIn } from "../../../test/support/audit-log/check-stream.js";
import { MemorySink } from "../../../test/support/audit-log/memory-sink.js";
import { expressVersions } from "../../../test/support/express.js";
import { recordDecision } from "../../core/decision/decision.js";
import { principalFrom } from "../../principal/index.js";
import { secureHeaders } from "../../secure-headers/index.js";
import { type AuditFields, type AuditLog, auditFields, auditLog } from "../index.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const MEBIBYTE = "x".repeat(1024 * 1024);

/** Texts that break logs, terminals, and serialisers. */
const HOSTILE: readonly string[] = [
  '"} {"event.name":"forged"}',
  "\r\n2026-01-01 forged line",
  "\u001b]0;title\u0007\u001b[31mred\u009b2J",
  "line\u2028separator\u2029paragraph\u0085next",
  "\ud800",
  "\udc00\ud800",
  "\ufeffmark\u202eoverride\u2066isolate",
  "__proto__",
  "toJSON",
  "constructor",
  "\\u0000\\",
  "\u0000\u007f\u0080",
  "Zoë 😀 e\u0301",
  MEBIBYTE,
  `${"😀".repeat(200)}`,
  `"audit.checkpoint.signature":"${"A".repeat(86)}",`,
  "",
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.string({ unit: "grapheme", maxLength: 80 }),
  // Lone surrogates, anywhere.
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 300 })
    .map((units) => String.fromCharCode(...units)),
);
const number = fc.oneof(
  fc.constantFrom(
    1e21,
    -0,
    0.1,
    1e-7,
    5e-324,
    Number.MAX_VALUE,
    2 ** 53,
    -1.5e300,
    123456789012345680000,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const fields = fc.dictionary(
  fc.oneof(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,9}$/), text),
  fc.oneof(text, number, fc.boolean(), fc.constantFrom(null, Number.NaN, { toJSON: () => "}" })),
  { maxKeys: 8 },
);
const given = text.filter((value) => value !== "");
const principal = fc.record({
  subject: given,
  tenant: given,
  clientId: given,
  roles: fc.array(given, { maxLength: 40 }),
});
const decision = fc.record({
  guard: text,
  code: text,
  reason: text,
  rule: text,
  policy: text,
  systemCode: text,
  outcome: fc.constantFrom("allow", "deny", "error"),
  enforced: fc.boolean(),
});
const asked = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "POST", "OPTIONS"), text),
  url: text.map((path) => `/${path}`),
  headers: fc.record({
    "user-agent": text,
    "x-note": text,
    origin: fc.option(text, { nil: undefined }),
    "x-request-id": text,
    traceparent: text,
    "content-length": text,
    "access-control-request-method": text,
    "access-control-request-headers": text,
  }),
  address: text,
  fields,
  principal: fc.option(principal),
  decisions: fc.array(decision, { maxLength: 45 }),
  status: fc.constantFrom(200, 302, 404, 500),
  finishes: fc.boolean(),
});

type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never;

let canonicalize: (value: unknown) => string | undefined;

// It is a module of the other kind.
beforeAll(async () => {
  canonicalize = (await import("canonicalize")).default;
});

function expectCanonical(lines: readonly string[]): void {
  for (const line of lines) {
    // As for a viewer of logs: one line, nothing that moves a cursor, no half of a character.
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\ufeff]/u);
    expect(Buffer.byteLength(line)).toBeLessThan(64 * 1024);
    expect(canonicalize(JSON.parse(line))).toBe(line);
  }
}

describe.each(expressVersions)("lines on Express %s", (_major, express) => {
  function newLog(): {
    readonly audit: AuditLog;
    readonly sink: MemorySink;
    readonly failing: MemorySink;
  } {
    const [sink, failing] = [new MemorySink(), new MemorySink()];
    const audit = auditLog({
      sinks: [sink, failing],
      fields: { headers: ["user-agent", "x-note"] },
      integrity: {
        signingKey: privateKey,
        onCheckpoint() {
          throw new Error("no");
        },
      },
      requestId: { trustedPeers: ["127.0.0.1"] },
      trace: { trustedPeers: ["127.0.0.1"] },
    });
    return { audit, sink, failing };
  }

  function newApp(audit: AuditLog, current: () => Asked): Express {
    const app = express();
    app.use(audit);
    app.use(secureHeaders({ cors: { origins: ["https://app.example.com"] } }));
    app.use(principalFrom(() => (current().principal ?? null) as never));
    app.use((req, res) => {
      const { fields, decisions, status } = current();
      auditFields(req, fields as AuditFields);
      for (const one of decisions) recordDecision(req as Request, one as never);
      res.status(status);
      res.end();
    });
    return app;
  }

  /** Without a network, which would refuse most of this before the app sees it. */
  async function serve(
    app: Express,
    { method, url, headers, address, finishes }: Asked,
  ): Promise<void> {
    const socket = new Socket();
    Object.defineProperty(socket, "remoteAddress", {
      value: address === "" ? "127.0.0.1" : address,
    });
    const req = new IncomingMessage(socket);
    Object.assign(req, { method, url, headers });
    const res = new ServerResponse(req);
    app(req as never, res as never);
    await new Promise((resolve) => setImmediate(resolve));
    res.emit(finishes ? "finish" : "close");
  }

  it("are canonical JSON whatever clients, tokens and the app say, and the chain holds", async () => {
    const { audit, sink, failing } = newLog();
    let asking: Asked;
    const app = newApp(audit, () => asking);
    app.set("env", "test");
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(asked, fc.boolean(), async (value, fails) => {
        asking = value;
        failing.error = fails ? new Error("full") : undefined;
        await serve(app, value);
        expectCanonical(sink.lines.slice(seen));
        seen = sink.lines.length;
      }),
      { numRuns: 300 },
    );
    failing.error = undefined;
    await audit.close();
    expectCanonical([...sink.lines, ...failing.lines]);
    expect(sink.lines.length).toBeGreaterThan(300);
    expect(checkStream(sink.lines, publicKey).faults).toEqual([]);
    const names = new Set(failing.records.map((record) => record["event.name"]));
    expect([...names]).toEqual(expect.arrayContaining(["log_dropped", "sys_monitor_enabled"]));
    const members = new Set(sink.records.flatMap((record) => Object.keys(record)));
    for (const member of ["user.roles", "audit.actor.tenant", "audit.rule", "url.path"])
      expect(members).toContain(member);
    expect([...members].filter((member) => member.startsWith("app."))).not.toEqual([]);
    expect(streamsIn(failing.lines.join("\n"))).toHaveLength(1);
  });

  it("are canonical JSON where one stands for many requests", async () => {
    const { audit, sink } = newLog();
    const base: Asked = {
      method: "OPTIONS",
      url: "/\r\n\u2028",
      headers: {
        "user-agent": "\ud800",
        "x-note": MEBIBYTE,
        origin: "https://evil.example\u2028",
        "x-request-id": "",
        traceparent: "",
        "content-length": "1e3",
        "access-control-request-method": "DELETE\r\n",
        "access-control-request-headers": "x\u001b[2J, __proto__",
      },
      address: "192.0.2.1",
      fields: {},
      principal: null,
      decisions: [],
      status: 200,
      finishes: true,
    };
    const app = newApp(audit, () => base);
    for (let index = 0; index < 130; index += 1) await serve(app, base);
    await audit.close();
    expectCanonical(sink.lines);
    expect(sink.records.some((record) => "audit.repeat.count" in record)).toBe(true);
    expect(checkStream(sink.lines, publicKey)).toMatchObject({ faults: [], ended: true });
  });
});
