import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import { createPrincipal, setPrincipalSource } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { errorHandler } from "../errors/index.js";
import { auditFields, auditLog, fileSink } from "./index.js";
import { jsonText } from "./text/json-text.js";
import { scrubPath } from "./text/scrub-path.js";
import { scrubText } from "./text/scrub-text.js";

const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1MSJ9.${"s".repeat(60)}`;
const SECRETS = {
  bearer: JWT,
  cookie: "sess-cookie-2f9c1a77",
  setCookie: "set-cookie-88aa01bc",
  apiKey: "key-live-51H8x0aa91c2",
  proxy: "cHJveHk6c2VjcmV0MDE=",
  query: "query-secret-99f3",
  path: "reset0a1b2c3d4e5f6a7b8c9d",
  matrix: "jsid-31337-c0ffee",
  email: "jane.doe@example.com",
  body: "body-secret-7777",
  error: "db-password-hunter2",
  agent: "agent-token-5f5f5f",
};

/** Node 20 has the method, ES2023 does not. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}

describe.each(expressVersions)("secrets on Express %s", (_major, express) => {
  it("lets none of twelve planted secrets into any sink, whether the request succeeds or fails", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const infos: unknown[] = [];
    const transport = new Transport({
      log(info, next) {
        infos.push(info);
        next();
      },
    });
    const app = express();
    app.use(
      auditLog({
        sinks: [fileSink({ path, write: "record" }), transport],
        fields: { headers: ["user-agent", "referer"] },
      }),
    );
    app.use(express.json());
    app.use((_req, res, next) => {
      res.setHeader("Set-Cookie", `id=${SECRETS.setCookie}`);
      next();
    });
    app.post("/login/:code", (_req, res) => void res.json({ echo: SECRETS.body }));
    app.use("/fail", () => {
      throw new Error(SECRETS.error);
    });
    app.use(errorHandler());
    const targets = [
      `/login/${SECRETS.path}?token=${SECRETS.query}`,
      `/fail/${SECRETS.path};jsessionid=${SECRETS.matrix}/${SECRETS.email}?token=${SECRETS.query}`,
      `/nowhere/${encodeURIComponent(SECRETS.email)}/${JWT}/x%3Ftoken=${SECRETS.query}`,
      `/nowhere/${SECRETS.path}#${SECRETS.query}`,
    ];
    for (const target of targets) {
      await request(app)
        .post(target)
        .set({
          Authorization: `Bearer ${SECRETS.bearer}`,
          Cookie: `id=${SECRETS.cookie}`,
          "X-Api-Key": SECRETS.apiKey,
          "Proxy-Authorization": `Basic ${SECRETS.proxy}`,
          "User-Agent": `curl/8 Bearer ${SECRETS.agent} ${JWT} jwt=${JWT}`,
          Referer: `https://u:${SECRETS.apiKey}@x.test/${JWT}?code=${SECRETS.query}`,
        })
        .send({ password: SECRETS.body });
    }
    const written = readFileSync(path, "utf8");
    const handed = JSON.stringify(
      infos.map((info) => [
        info,
        Object.getOwnPropertySymbols(info).map((key) => (info as never)[key]),
      ]),
    );
    expect(
      written
        .trim()
        .split("\n")
        .filter((line) => line.includes("http.request.id")),
    ).toHaveLength(targets.length);
    expect(infos.length).toBe(targets.length + 1);
    for (const [name, secret] of Object.entries(SECRETS)) {
      for (const text of [secret, encodeURIComponent(secret), secret.slice(0, 24)]) {
        expect(written, name).not.toContain(text);
        expect(handed, name).not.toContain(text);
      }
    }
  });

  it.each<[string, string]>([
    ["line breaks", 'x\r\n{"event.name":"forged"}'],
    ["ANSI escapes", "\u001b[2J\u001b]0;owned\u0007"],
    ["C1 controls", "a\u009b31mb\u0085c"],
    ["DEL and NUL", "a\u007fb\u0000c"],
    ["line separators", "a\u2028b\u2029c"],
    ["bidirectional controls", "a\u202eb\u2066c\u200fd\u061ce"],
    ["a lone high surrogate", "a\ud800b"],
    ["a lone low surrogate", "a\udc00b"],
    ["a byte order mark", "\ufeffa"],
    ["quotes and backslashes", '","event.name":"forged","x":"\\'],
    ["a prototype key", "__proto__"],
    ["a surrogate pair cut by the limit", `${"a".repeat(255)}\u{1f600}`],
    ["the name of a method", "toJSON"],
    ["one million characters", "\u0000x".repeat(500_000)],
    ["one million surrogates", "\ud800".repeat(1_000_000)],
  ])(
    "writes %s in every field that a client or a token can fill as one safe line",
    async (_name, payload) => {
      const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
      const guard = createGuard("guard", "authorization", { mode: "enforce", onDenied: "respond" });
      const app = express();
      app.use((req, _res, next) => {
        // Node refuses most of these in a header, an adapter may not.
        req.headers["user-agent"] = payload;
        req.headers["referer"] = payload;
        req.headers["x-request-id"] = payload;
        req.headers["traceparent"] = `00-${payload}`;
        req.originalUrl = `/${payload}?${payload}=${payload}&q=${encodeURIComponent(wellFormed(payload))}`;
        next();
      });
      app.use(
        auditLog({
          sinks: [fileSink({ path })],
          requestId: { trustedPeers: ["127.0.0.1", "::1"] },
          trace: { trustedPeers: ["127.0.0.1", "::1"] },
          fields: { headers: ["user-agent", "referer"], query: ["q"], maxRecordSize: "64kb" },
        }),
        (req, res, next) => {
          auditFields(req, { note: payload, [payload]: payload });
          setPrincipalSource(req, () =>
            createPrincipal({
              subject: payload,
              tenant: payload,
              clientId: payload,
              roles: [payload],
            }),
          );
          guard.refuse(new HttpError("access_denied"), req, res, next, {
            rule: payload,
            policy: payload,
            token: payload,
          });
        },
      );
      await request(app).get("/").expect(403);
      const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
      expect(lines).toHaveLength(2);
      const line = lines[1] ?? "";
      expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u);
      const record = JSON.parse(line) as Record<string, unknown>;
      expect(JSON.stringify(record)).toBe(line);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(65_536);
      expect(record["event.name"]).toBe("authz_fail");
      expect(Object.keys(record)).toEqual(Object.keys(record).sort());
      // Parsed and printed, as a log viewer does, it is still harmless.
      for (const value of Object.values(record).flat())
        expect(String(value)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    },
  );
});

describe("text in records", () => {
  it("is well-formed, bounded, harmless and stable JSON, whatever it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        const json = jsonText(text);
        const value = JSON.parse(json) as string;
        expect(JSON.stringify(value)).toBe(json);
        expect(json).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/u);
        expect(value.length).toBeLessThanOrEqual(256 * 6 + 10);
      }),
    );
  });

  it("stays as it is when it is ordinary", () => {
    for (const text of ["", "a b", "Grüße, 世界 👩‍💻", "http://x/?a=1"])
      expect(JSON.parse(jsonText(text))).toBe(text);
  });
});

describe("scrubbing", () => {
  it.each([
    [`/a/${JWT}/b`, "/a/REDACTED/b"],
    ["/users/42/orders?x=1#y", "/users/42/orders"],
    ["/a;sid=1;x/b%3Bv=2/c", "/a;sid=REDACTED;x/b;v=REDACTED/c"],
    ["/u/jane@example.com/a%40b", "/u/REDACTED/REDACTED"],
    ["/k/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "/k/REDACTED"],
    ["/application-configuration-list", "/application-configuration-list"],
    ["https://user:pw@host.test/a?b", "/a"],
    ["*", "*"],
    ["", ""],
  ])("makes the path %j into %j", (target, path) => {
    expect(scrubPath(target)).toBe(path);
  });

  it.each([
    [
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    ],
    ["x bearer abc.def", "x bearer REDACTED"],
    ["Basic dXNlcjpwdw==", "Basic REDACTED"],
    ["https://a.test/p?token=1", "https://a.test/p?REDACTED"],
    ["en-GB,en;q=0.5", "en-GB,en;q=0.5"],
  ])("makes the text %j into %j", (text, scrubbed) => {
    expect(scrubText(text)).toBe(scrubbed);
  });

  it("takes time in proportion to the length", () => {
    const hostile = [
      "eyJ".repeat(400_000),
      "//".repeat(400_000),
      "bearer ".repeat(200_000),
      `/${";=".repeat(400_000)}`,
    ];
    for (const text of hostile) {
      expect(scrubText(text).length).toBeLessThan(8192);
      expect(scrubPath(text).length).toBeLessThan(16_384);
    }
  });
});
