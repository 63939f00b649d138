import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import canonicalize from "canonicalize";
import express from "express";
import request from "supertest";
import { beforeAll, describe, expect, it } from "vitest";
import { root } from "../../test/support/package-manifest.js";
import { requireRole } from "../authorization/index.js";
import { principalFrom } from "../principal/index.js";
import { secureHeaders } from "../secure-headers/index.js";
import { createConnectionRecord } from "./connections/connection-record.js";
import { createEventRecord } from "./events/event-record.js";
import {
  type AuditPrivacyOptions,
  type AuditSchema,
  auditEvent,
  auditFields,
  auditLog,
  fileSink,
} from "./index.js";
import { createPrivacy } from "./privacy/privacy.js";
import { readAuditLogOptions } from "./read-audit-log-options.js";
import { constantColumn, type RecordTable } from "./record/record-table.js";
import { createRequestColumns } from "./record/request-columns.js";
import { createSourceColumns } from "./record/source-columns.js";
import { createSystemRecord } from "./record/system-record.js";
import { createRepeatRecord } from "./repeats/repeat-record.js";
import { createEcsTable } from "./schema/ecs-table.js";
import { createOcsfTable } from "./schema/ocsf-table.js";

type Members = Readonly<Record<string, unknown>>;

interface JsonSchema {
  readonly properties: Readonly<Record<string, Members>>;
  readonly patternProperties: Readonly<Record<string, unknown>>;
}

const v1 = JSON.parse(
  readFileSync(join(root, "docs/schema/audit-v1.schema.json"), "utf8"),
) as JsonSchema;

/** Records of every kind: of requests, events, floods, connections, and the log itself. */
async function recordsOf(
  schema: AuditSchema,
  privacy: AuditPrivacyOptions = {},
): Promise<readonly string[]> {
  const path = join(mkdtempSync(join(tmpdir(), "audit-")), "audit.jsonl");
  const log = auditLog({
    schema,
    privacy,
    service: { name: "shop", version: "1.2.3" },
    alerts: { honeytokens: { routes: "/nothing" } },
    fields: { headers: ["user-agent", "accept-language"], query: "names" },
    sinks: [fileSink({ path, write: "record" })],
  });
  const app = express();
  app.use(log);
  app.use(secureHeaders({ cors: { origins: ["https://shop.example"] } }));
  app.use(
    principalFrom((req) =>
      req.headers["x-user"] === undefined
        ? null
        : { subject: String(req.headers["x-user"]), roles: ["clerk"], tenant: "acme" },
    ),
  );
  app.get("/orders/:id", (req, res) => {
    auditFields(req, { amount: 12.5, paid: true });
    res.send("ok");
  });
  app.put("/admin", requireRole("admin"), (_req, res) => void res.end());
  app.post("/report", requireRole("admin", { mode: "report" }), (_req, res) => void res.end());
  app.post("/login", (req, res) => {
    auditEvent(req, "authn_login_fail", { method: "password" });
    auditEvent(req, "user_created");
    res.redirect("/");
  });
  app.get("/broken", () => {
    throw new TypeError("broken");
  });
  app.get("/never", (req) => void req.socket.destroy());
  app.use(
    (_error: Error, _req: unknown, res: express.Response, _next: unknown) =>
      void res.status(500).end(),
  );
  const server = createServer(app);
  log.attachServer(server);
  log.event(null, "sys_startup", { jobs: 3 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const to = request(server);
  await to
    .get("/orders/7?page=2")
    .set("X-User", "ada")
    .set("User-Agent", "test")
    .set("Accept-Language", "de");
  await to.put("/admin").set("X-User", "ada");
  await to.put("/admin");
  await to.post("/report").set("X-User", "ada").send({ a: 1 });
  await to.post("/login");
  await to.get("/broken");
  await to.get("/nothing?page=2");
  await to.get("/never").catch(() => undefined);
  for (let number = 0; number < 103; number += 1) {
    await to
      .options("/orders/7")
      .set("Origin", "https://evil.example")
      .set("Access-Control-Request-Method", "GET");
  }
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("NONSENSE\r\n\r\n"));
    socket.resume().on("close", () => resolve());
  });
  server.close();
  await log.close();
  return readFileSync(path, "utf8").trim().split("\n");
}

/** The names of all columns of all kinds of records. */
function columnNames(): ReadonlySet<string> {
  const names = new Set<string>();
  const table: RecordTable = (columns) => {
    for (const { name } of columns) names.add(name);
    return () => "";
  };
  const source = createSourceColumns({ name: "shop", version: "1" });
  const { fields, privacy: settings } = readAuditLogOptions({ integrity: false });
  const privacy = createPrivacy(settings);
  const columns = createRequestColumns(source, fields, privacy);
  table(columns);
  createSystemRecord(source, table);
  createRepeatRecord(source, privacy, table);
  createConnectionRecord(source, privacy, table);
  createEventRecord(source, columns, fields.maxRecordBytes, table);
  return names;
}

const lines: Record<AuditSchema, readonly string[]> = { v1: [], ecs: [], ocsf: [] };
const records = (schema: AuditSchema): readonly Members[] =>
  lines[schema].map((line) => JSON.parse(line));

beforeAll(async () => {
  for (const schema of ["v1", "ecs", "ocsf"] as const) lines[schema] = await recordsOf(schema);
}, 60_000);

describe.each(["v1", "ecs", "ocsf"] as const)("schema %s", (schema) => {
  it("has one line in canonical form for each record, of every kind", () => {
    expect(lines[schema].length).toBe(lines.v1.length);
    expect(lines[schema].length).toBeGreaterThan(110);
    for (const line of lines[schema]) expect(canonicalize(JSON.parse(line))).toBe(line);
  });

  it("keeps what a verifier asks for", () => {
    for (const record of records(schema)) {
      const names = (record["unmapped"] ?? record) as Members;
      expect(names).toMatchObject({
        "audit.record.id": expect.stringMatching(/-\d+$/),
        "audit.schema.version": "1",
        "event.name": expect.any(String),
      });
    }
  });
});

describe("schema v1", () => {
  it("is described by the JSON Schema, which lists every member of every record", () => {
    const validate = new Ajv2020({ allowUnionTypes: true }).compile({
      ...v1,
      additionalProperties: false,
    });
    for (const record of records("v1")) {
      validate(record);
      expect({ record, errors: validate.errors }).toEqual({ record, errors: null });
    }
  });

  it("has no name that is a value and an object as well, which Elasticsearch refuses", () => {
    const columns = [...columnNames()].filter((name) => !name.endsWith("."));
    const ecs = Object.keys(
      JSON.parse(createEcsTable(columns.map((name) => constantColumn(name, "1")))({})),
    );
    for (const names of [columns, ecs, Object.keys(v1.properties)]) {
      expect(names.length).toBeGreaterThan(90);
      expect(names.filter((one) => names.some((other) => other.startsWith(`${one}.`)))).toEqual([]);
    }
  });

  it("has no column that the JSON Schema does not list", () => {
    const known = [...Object.keys(v1.properties), "app."];
    expect([...columnNames()].filter((name) => !known.includes(name))).toEqual([]);
  });

  it("has the same members on its page as in the JSON Schema", () => {
    const page = readFileSync(join(root, "docs/reference/audit-schema-v1.md"), "utf8");
    const table = page.slice(page.indexOf("## Members"), page.indexOf("## The other schemas"));
    const rows = [...table.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(
      ([, name = "", type = ""]) => [name, type],
    );
    const listed = Object.entries(v1.properties).map(([name, property]) => [
      name,
      typeOf(property),
    ]);
    expect(rows.filter(([name = ""]) => !name.endsWith("*"))).toEqual(listed);
    expect(rows.filter(([name = ""]) => name.endsWith("*"))).toHaveLength(
      Object.keys(v1.patternProperties).length,
    );
  });
});

/** As the page says it. */
function typeOf(property: Members): string {
  if ("const" in property)
    return property["const"] === true ? "`true`" : `\`"${property["const"]}"\``;
  if (Array.isArray(property["enum"]))
    return property["enum"].map((one) => `\`${one}\``).join(", ");
  if (property["type"] === "integer") return "whole number";
  if (property["type"] === "array")
    return (property["items"] as Members)["type"] === "integer"
      ? "list of whole numbers"
      : "list of strings";
  return String(property["pattern"]).includes("T\\d") ? "time" : "string";
}

/** ECS 8.17, "ECS categorization field: event.category": the types that are expected for each category. */
const ECS_TYPES: Readonly<Record<string, readonly string[]>> = {
  api: [
    "access",
    "admin",
    "allowed",
    "change",
    "creation",
    "deletion",
    "denied",
    "end",
    "info",
    "start",
    "user",
  ],
  authentication: ["start", "end", "info"],
  iam: ["admin", "change", "creation", "deletion", "group", "info", "user"],
  network: ["access", "allowed", "connection", "denied", "end", "info", "protocol", "start"],
  process: ["access", "change", "end", "info", "start"],
  session: ["start", "end", "info"],
};
/** The fields of ECS 8.17 that are written, and their types. */
const ECS_FIELDS: Readonly<Record<string, "array" | "number" | "string">> = {
  "@timestamp": "string",
  "ecs.version": "string",
  "error.type": "string",
  "event.action": "string",
  "event.category": "array",
  "event.created": "string",
  "event.duration": "number",
  "event.kind": "string",
  "event.outcome": "string",
  "event.reason": "string",
  "event.sequence": "number",
  "event.type": "array",
  "http.request.body.bytes": "number",
  "http.request.id": "string",
  "http.request.method": "string",
  "http.response.bytes": "number",
  "http.response.status_code": "number",
  "log.level": "string",
  "organization.id": "string",
  "rule.category": "string",
  "rule.name": "string",
  "service.name": "string",
  "service.node.name": "string",
  "service.version": "string",
  "source.address": "string",
  "source.ip": "string",
  "span.id": "string",
  "trace.id": "string",
  "url.path": "string",
  "user.id": "string",
  "user.roles": "array",
  "user_agent.original": "string",
};

describe("schema ecs", () => {
  it("has fields of ECS with their types, and else the names of version 1", () => {
    const ours = [...Object.keys(v1.properties)];
    for (const record of records("ecs")) {
      for (const [name, value] of Object.entries(record)) {
        const type = Array.isArray(value) ? "array" : typeof value;
        if (name in ECS_FIELDS) expect(`${name} ${type}`).toBe(`${name} ${ECS_FIELDS[name]}`);
        else if (!/^(?:app|http\.request\.header)\./.test(name)) expect(ours).toContain(name);
      }
      for (const name of [
        "@timestamp",
        "ecs.version",
        "event.kind",
        "event.category",
        "event.type",
        "event.outcome",
      ])
        expect(record).toHaveProperty([name]);
    }
  });

  it("has only types that are expected for the categories", () => {
    for (const record of records("ecs")) {
      const categories = record["event.category"] as readonly string[];
      const expected = categories.flatMap((category) => ECS_TYPES[category] ?? []);
      expect(categories.filter((category) => !(category in ECS_TYPES))).toEqual([]);
      expect(
        (record["event.type"] as readonly string[]).filter((type) => !expected.includes(type)),
      ).toEqual([]);
      expect(["success", "failure", "unknown"]).toContain(record["event.outcome"]);
    }
  });

  it("says of a refused request what version 1 says", () => {
    const record = records("ecs").find((one) => one["event.action"] === "authz_fail");
    expect(record).toMatchObject({
      "audit.actor.type": "user",
      "ecs.version": "8.17.0",
      "event.category": ["api"],
      "event.kind": "event",
      "event.name": "authz_fail",
      "event.outcome": "failure",
      "event.reason": "missing_role",
      "event.type": ["access", "denied"],
      "http.request.method": "PUT",
      "http.response.status_code": 403,
      "log.level": "critical",
      "organization.id": "acme",
      "source.ip": "127.0.0.1",
      "user.id": expect.stringContaining("ada"),
      "user.roles": ["clerk"],
    });
    expect(record?.["event.duration"]).toSatisfy((value: number) => value % 1000 === 0);
    expect(record).not.toHaveProperty(["client.address"]);
  });
});

/** An alert about an address, and a record that could not be made. */
function systemRecordsOf(table: RecordTable): readonly Members[] {
  const record = createSystemRecord(createSourceColumns({ name: "shop", version: "1" }), table);
  return [
    record("s-1", "authn_token_reuse", {
      "audit.severity": "CRITICAL",
      "client.address": "203.0.113.7",
      "security_rule.category": "SE5",
      "security_rule.name": "token-reuse",
    }),
    record("s-2", "log_key", { "audit.reason": "function_failed", "http.request.id": "r-1" }),
  ].map((line) => JSON.parse(line));
}

it("says in every schema what alerts and the log itself are about", () => {
  expect(systemRecordsOf(createEcsTable)).toMatchObject([
    {
      "event.kind": "alert",
      "event.type": ["info"],
      "rule.category": "SE5",
      "rule.name": "token-reuse",
      "source.ip": "203.0.113.7",
    },
    { "event.kind": "event", "event.reason": "function_failed", "http.request.id": "r-1" },
  ]);
  expect(systemRecordsOf(createOcsfTable)).toMatchObject([
    { src_endpoint: { ip: "203.0.113.7" }, unmapped: { "security_rule.name": "token-reuse" } },
    { metadata: { correlation_uid: "r-1" }, status_detail: "function_failed" },
  ]);
});

/** OCSF 1.5.0: what the classes require, beside the base event, and the ids of their activities. */
const OCSF_CLASSES: Readonly<
  Record<number, { required: readonly string[]; activities: readonly number[] }>
> = {
  1008: { required: ["log_provider"], activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99] },
  3002: { required: ["user", "dst_endpoint"], activities: [0, 1, 2, 3, 4, 5, 6, 99] },
  4001: { required: ["dst_endpoint", "src_endpoint"], activities: [0, 1, 2, 3, 4, 5, 6, 7, 99] },
  6003: { required: ["actor", "api", "src_endpoint"], activities: [0, 1, 2, 3, 4, 99] },
};
const OCSF_BASE = [
  "activity_id",
  "category_uid",
  "class_uid",
  "metadata",
  "severity_id",
  "time",
  "type_uid",
];
/** The attributes that are used, and the members of their objects. */
const OCSF_ATTRIBUTES: Readonly<Record<string, readonly string[] | "number" | "string">> = {
  activity_id: "number",
  activity_name: "string",
  actor: ["app_uid", "user"],
  api: ["operation"],
  category_uid: "number",
  class_uid: "number",
  count: "number",
  dst_endpoint: ["instance_uid", "svc_name"],
  duration: "number",
  end_time: "number",
  http_request: ["body_length", "http_method", "uid", "url", "user_agent"],
  http_response: ["code"],
  log_provider: "string",
  metadata: ["correlation_uid", "event_code", "logged_time", "product", "uid", "version"],
  severity_id: "number",
  src_endpoint: ["ip", "name", "uid"],
  start_time: "number",
  status_code: "string",
  status_detail: "string",
  status_id: "number",
  time: "number",
  type_uid: "number",
  user: ["type_id", "uid"],
};

/** OCSF 1.5.0: attributes of some classes that others do not have, unless a profile adds them. */
const OCSF_OWN: Readonly<Record<string, readonly number[]>> = {
  actor: [1008, 3002, 6003],
  api: [6003],
  http_request: [3002, 6003],
  http_response: [3002, 6003],
  log_provider: [1008],
  user: [3002],
};
/** OCSF 1.5.0: objects that must have at least one of these. */
const OCSF_AT_LEAST_ONE: Readonly<Record<string, readonly string[]>> = {
  actor: ["user", "app_uid"],
  dst_endpoint: ["svc_name", "instance_uid"],
  src_endpoint: ["ip", "uid", "name"],
  user: ["uid", "name"],
};

describe("schema ocsf", () => {
  it.each(["plain", "omit"] as const)(
    "keeps to the objects of each class where privacy is %s",
    async (kept) => {
      const found = await recordsOf("ocsf", {
        subject: kept,
        address: kept,
        addressOnRefusal: kept,
      });
      for (const line of found) {
        const record = JSON.parse(line) as Members;
        const uid = record["class_uid"] as number;
        for (const [name, classes] of Object.entries(OCSF_OWN))
          if (!classes.includes(uid)) expect(record).not.toHaveProperty([name]);
        if (uid === 6003) expect(record).toHaveProperty(["actor", "user"]);
        const user = (record["actor"] as Members | undefined)?.["user"];
        for (const [name, members] of Object.entries(OCSF_AT_LEAST_ONE))
          for (const object of [record[name], ...(name === "user" ? [user] : [])])
            if (object !== undefined)
              expect(
                Object.keys(object as object).some((one) => members.includes(one)),
                line,
              ).toBe(true);
        // What the class has no place for stays.
        if (uid === 4001)
          expect(record["unmapped"]).toMatchObject({ "audit.actor.type": "anonymous" });
      }
    },
    60_000,
  );

  it("has what the class of each record requires, and attributes of the framework only", () => {
    const classes = new Set<number>();
    for (const record of records("ocsf")) {
      const { class_uid: uid, activity_id: activity } = record as {
        class_uid: number;
        activity_id: number;
      };
      classes.add(uid);
      const { required, activities } = OCSF_CLASSES[uid] ?? {
        required: ["no class"],
        activities: [],
      };
      for (const name of [...OCSF_BASE, ...required])
        expect({ uid, record }).toHaveProperty(["record", name]);
      expect(activities).toContain(activity);
      expect(record["type_uid"]).toBe(uid * 100 + activity);
      expect(record["category_uid"]).toBe(Math.floor(uid / 1000));
      expect([0, 1, 2, 3, 4, 5, 6, 99]).toContain(record["severity_id"]);
      expect([0, 1, 2, 99]).toContain(record["status_id"]);
      if (activity === 99) expect(record).toHaveProperty("activity_name");
      for (const [name, value] of Object.entries(record)) {
        if (name === "unmapped") continue;
        const known = OCSF_ATTRIBUTES[name];
        if (typeof known === "string") expect(`${name} ${typeof value}`).toBe(`${name} ${known}`);
        else
          expect(known ?? [`${name} is not known`]).toEqual(
            expect.arrayContaining(Object.keys(value as object)),
          );
      }
      expect(record["metadata"]).toMatchObject({
        product: { name: "express-secure-api", vendor_name: "express-secure-api" },
        version: "1.5.0",
      });
    }
    expect([...classes].sort()).toEqual([1008, 3002, 4001, 6003]);
  });

  it("says of a request what version 1 says", () => {
    const record = records("ocsf").find(
      (one) => one["class_uid"] === 6003 && one["status_code"] === "200",
    );
    expect(record).toMatchObject({
      activity_id: 2,
      actor: { user: { org: { uid: "acme" }, type_id: 1, uid: expect.stringContaining("ada") } },
      api: { operation: "GET /orders/:id" },
      dst_endpoint: { svc_name: "shop" },
      duration: expect.any(Number),
      http_request: { http_method: "GET", user_agent: "test" },
      http_response: { code: 200 },
      metadata: { event_code: "api_request" },
      severity_id: 1,
      src_endpoint: { ip: "127.0.0.0" },
      status_id: 1,
      time: expect.any(Number),
      type_uid: 600302,
      unmapped: {
        "app.amount": 12.5,
        "app.paid": true,
        "http.request.header.accept-language": "de",
        "http.route": "/orders/:id",
        "service.version": "1.2.3",
      },
    });
  });

  it("says of a flood how many requests it stands for", () => {
    const record = records("ocsf").find((one) => one["count"] !== undefined);
    expect(record).toMatchObject({
      class_uid: 6003,
      count: 3,
      end_time: expect.any(Number),
      start_time: expect.any(Number),
      unmapped: { "event.name": "malicious_cors" },
    });
  });
});

it("carries columns that a schema does not know", () => {
  const columns = [
    constantColumn("audit.sequence.stream_id", "s"),
    constantColumn("event.name", "api_request"),
  ];
  expect(JSON.parse(createEcsTable(columns)({}))).toMatchObject({
    "audit.sequence.stream_id": "s",
  });
  expect(JSON.parse(createOcsfTable(columns)({}))).toMatchObject({
    unmapped: { "audit.sequence.stream_id": "s" },
  });
});

it("keeps a pseudonym out of the places of addresses", () => {
  const columns = [
    constantColumn("client.address", "k1:zq_4-AbC"),
    constantColumn("event.name", "api_request"),
  ];
  const ecs = JSON.parse(createEcsTable(columns)({}));
  expect(ecs["source.address"]).toBe("k1:zq_4-AbC");
  expect(ecs).not.toHaveProperty(["source.ip"]);
  expect(JSON.parse(createOcsfTable(columns)({})).src_endpoint).toEqual({ uid: "k1:zq_4-AbC" });
});

it("refuses a schema that is none", () => {
  expect(() => auditLog({ schema: "xml" as never })).toThrow(
    'auditLog.schema must be one of "v1", "ecs", "ocsf"',
  );
});
