import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { errorHandler } from "../errors/index.js";
import { oauthGuard } from "../oauth-guard/index.js";
import { secureHeaders } from "../secure-headers/index.js";
import { createTestIssuer } from "../testing/index.js";
import { validate } from "../validate/index.js";
import { type AuditLogOptions, auditEvent, auditFields, auditLog, fileSink } from "./index.js";

/** Every form of records. */
const SCHEMAS: readonly (readonly [string, AuditLogOptions])[] = [
  ["v1", {}],
  [
    "v1 with pseudonyms",
    { privacy: { subject: "pseudonym", key: "kkkkkkkkkkkkkkkkkkkk0123456789ab" } },
  ],
  ["ecs", { schema: "ecs" }],
  ["ocsf", { schema: "ocsf" }],
];

/** Where each one is planted. */
const SECRETS = {
  header: "x-api-key-5d1c7f0a9e3b",
  query: "query-value-99f3c1d2",
  path: "reset0a1b2c3d4e5f6a7b8c9d",
  cookie: "sess-cookie-2f9c1a77",
  token: "",
  validation: "rejected-value-1199aa",
  error: "db-password-hunter2",
  appField: `ghp_${"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"}`,
  traceState: "vendor-state-7a8b9c0d",
  requestId: "AKIAIOSFODNN7EXAMPLE",
  userAgent: `sk_live_${"4eC39HqLyjWDarjtT1zdp7dc"}`,
  referer: "referer-code-77aa88bb",
};
const NAMED = { header: "x-tenant-hint", referer: "referer" };

const issuer = createTestIssuer();

describe.each(expressVersions)("planted secrets on Express %s", (_major, express) => {
  it.each(SCHEMAS)("reach no sink with the schema %s", async (_name, schema) => {
    const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
    const infos: unknown[] = [];
    const transport = new Transport({
      log(info, next) {
        infos.push(info);
        next();
      },
    });
    const token = issuer.mint({ sub: "alice" });
    const secrets = { ...SECRETS, token };
    const audit = auditLog({
      ...schema,
      alerts: {
        honeytokens: { routes: "/nowhere/*", headers: NAMED.header },
        account: () => `${secrets.appField} ${token}`,
        rules: [
          {
            name: "keys",
            when: () => true,
            by: (req) => `${req.req.headers["authorization"]}`,
            threshold: 1,
            window: "1m",
          },
          {
            name: "agents",
            when: () => true,
            by: ({ req }) => String(req.headers["user-agent"]),
            threshold: 1,
            window: "1m",
          },
        ],
      },
      sinks: [fileSink({ path, write: "record" }), transport],
      requestId: { trustedPeers: ["127.0.0.1", "::1"] },
      trace: { trustedPeers: ["127.0.0.1", "::1"] },
      fields: { headers: ["user-agent", ...Object.values(NAMED)], query: ["q", "page"] },
    });
    const app = express();
    app.use(audit, secureHeaders({ cors: { origins: ["https://shop.example"] } }));
    app.use((req, _res, next) => {
      auditFields(req, {
        note: `see ${secrets.appField}`,
        login: `Bearer ${token}`,
        card: 4111111111111111,
        text: `password=${secrets.error}`,
      });
      auditEvent(req, "order_failed", {
        note: `see ${secrets.appField} and ${secrets.userAgent}`,
        login: `Bearer ${token}`,
        card: 4111111111111111,
      });
      next();
    });
    app.use(express.json());
    app.get("/fail/:code", () => {
      throw new Error(`cannot connect with ${secrets.error}`);
    });
    const body = { type: "object", properties: { size: { enum: ["s", "m"] } } } as const;
    app.post("/orders", validate({ body }), (_req, res) => void res.end());
    app.get("/open/:code", (_req, res) => void res.cookie("id", secrets.cookie).end());
    app.use(
      "/mounted/:code",
      express.Router().get("/item", (_req, res) => void res.sendStatus(409)),
    );
    app.use(oauthGuard(issuer.options()), (_req, res) => void res.end());
    app.use(errorHandler());

    const fields = {
      "X-Api-Key": secrets.header,
      [NAMED.header]: `token=${secrets.header}`,
      Cookie: `id=${secrets.cookie}`,
      tracestate: `vendor=${secrets.traceState}`,
      traceparent: `00-${secrets.traceState}`,
      baggage: `user=${secrets.traceState}`,
      "X-Request-Id": secrets.requestId,
      "User-Agent": `curl/8 ${secrets.userAgent} ${token}`,
      Referer: `https://u:${secrets.referer}@shop.example/?code=${secrets.referer}`,
    };
    const query = `q=${token}&page=${secrets.appField}&code=${secrets.query}&other=${secrets.query}&${token}`;
    const sent = [
      request(app).get(`/open/${secrets.path}?${query}`),
      request(app).get(`/fail/${secrets.path}?${query}`),
      request(app).post(`/orders?${query}`).send({ size: secrets.validation }),
      request(app).post("/orders").type("json").send(`{"a": ${secrets.validation}`),
      request(app).get(`/nowhere/${secrets.path}/${token}`).auth(token, { type: "bearer" }),
      request(app).get(`/nowhere/${secrets.path}`).auth(`${token}x`, { type: "bearer" }),
      request(app).get(`/nowhere/${secrets.path}?${query}`).auth(secrets.header, secrets.error),
      ...["https://shop.example", `https://${secrets.appField}.example`].flatMap((origin) =>
        [token, secrets.appField, secrets.userAgent].map((secret) =>
          request(app)
            .options(`/orders?${query}`)
            .set({
              Origin: origin,
              "Access-Control-Request-Method": secret,
              "Access-Control-Request-Headers": `x-a,${secret}`,
            }),
        ),
      ),
    ];
    sent.push(request(app).get(`/mounted/${secrets.path}/item?${query}`));
    // Those that are alike share records at last.
    for (let index = 0; index < 105; index += 1)
      sent.push(
        request(app).get(`/nowhere/${secrets.path}?${query}`).auth(`${token}x`, { type: "bearer" }),
      );
    for (const one of sent) await one.set(fields);
    audit.event(null, "job_failed", { note: `${secrets.appField} ${token}` });
    const server = createServer(app).on("upgrade", (_req, socket) => void socket.end());
    audit.attachServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    for (const secret of [secrets.requestId, secrets.appField, "websocket"])
      for (const bytes of [
        `GET /reset/${secrets.path}?${query} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: ${secret}\r\nCookie: id=${secrets.cookie}\r\n\r\n`,
        `${secret} /${secrets.path} HTTP/1.1\r\nCookie: id=${secrets.cookie}\r\n\r\n`,
      ])
        await new Promise<void>((resolve) => {
          const socket = connect((server.address() as AddressInfo).port, "127.0.0.1", () =>
            socket.write(bytes),
          );
          socket
            .on("error", () => undefined)
            .resume()
            .on("close", () => resolve());
        });
    server.close();
    await audit.close();

    const written = readFileSync(path, "utf8");
    const lines = written.split("\n").slice(0, -1);
    // One of each kind at least.
    for (const kind of [
      "order_failed",
      "job_failed",
      "connection_upgraded",
      "connection_failed",
      "security_alert",
      'audit.repeat.count|"count"',
    ])
      expect(lines.filter((line) => new RegExp(kind).test(line)).length, kind).toBeGreaterThan(0);
    const handed = JSON.stringify(
      infos.map((info) => [
        info,
        Object.getOwnPropertySymbols(info).map((key) => (info as never)[key]),
      ]),
    );
    const all = { ...secrets, card: "4111111111111111" };
    for (const [name, secret] of Object.entries(all)) {
      for (const text of [
        secret,
        secret.toLowerCase(),
        encodeURIComponent(secret),
        secret.slice(0, 12),
      ]) {
        // Of a token, the head says only which algorithm signed it.
        if (name === "token" && text.length === 12) continue;
        expect(written, name).not.toContain(text);
        expect(handed, name).not.toContain(text);
      }
    }
    for (const part of token.split(".")) expect(written).not.toContain(part.slice(0, 24));
  });
});
