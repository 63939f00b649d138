import { describe, expect, it } from "vitest";
import { readLoggedRecord } from "./logged-record.js";
import { parseLine } from "./parse-line.js";

const V1 = {
  "@timestamp": "2026-11-26T12:00:00.000Z",
  "audit.actor.id": "anonymous",
  "audit.actor.type": "anonymous",
  "audit.decisions": ["rateLimit:allow", "requireRole:deny:authentication_required"],
  "audit.outcome": "failure",
  "audit.reason": "no_principal",
  "audit.record.id": "93ef66cc-eafe-4634-a06a-7a64fadfc1b2-4",
  "audit.schema.version": "1",
  "audit.severity": "WARN",
  "client.address": "127.0.0.1",
  duration_us: 22_437,
  "event.name": "authn_login_fail",
  "http.request.method": "GET",
  "http.response.status_code": 401,
  "http.route": "/admin",
  "service.name": "shop",
};
const ECS = {
  "@timestamp": V1["@timestamp"],
  "audit.actor.type": "anonymous",
  "audit.decisions": V1["audit.decisions"],
  "audit.record.id": V1["audit.record.id"],
  "audit.schema.version": "1",
  "ecs.version": "8.17.0",
  "event.duration": 22_437_000,
  "event.name": "authn_login_fail",
  "event.outcome": "failure",
  "event.reason": "no_principal",
  "http.request.method": "GET",
  "http.response.status_code": 401,
  "http.route": "/admin",
  "log.level": "warn",
  "service.name": "shop",
  "source.ip": "127.0.0.1",
};
const OCSF = {
  actor: { user: { type_id: 0, uid: "anonymous" } },
  class_uid: 3002,
  dst_endpoint: { svc_name: "shop" },
  duration: 22,
  metadata: { event_code: "authn_login_fail", uid: V1["audit.record.id"] },
  severity_id: 3,
  src_endpoint: { ip: "127.0.0.1" },
  status_code: "401",
  status_detail: "no_principal",
  status_id: 2,
  time: Date.parse(V1["@timestamp"]),
  unmapped: {
    "audit.actor.id": "anonymous",
    "audit.decisions": V1["audit.decisions"],
    "audit.record.id": V1["audit.record.id"],
    "audit.schema.version": "1",
    duration_us: 22_437,
    "http.request.method": "GET",
    "http.route": "/admin",
  },
};

describe("parseLine", () => {
  it.each([
    ["ecs", ECS],
    ["ocsf", OCSF],
  ])("reads what schema v1 says from %s", (schema, record) => {
    const expected = parsed(V1);
    const found = parsed(record);
    expect(expected.schema).toBe("v1");
    expect(found.schema).toBe(schema);
    expect(found.members).toMatchObject(V1);
    const { members: _one, ...told } = readLoggedRecord(found.members) ?? {};
    const { members: _other, ...right } = readLoggedRecord(expected.members) ?? {};
    expect(told).toEqual(right);
  });

  it("takes members from the record alone, and from nothing that it inherits", () => {
    const text = `{"__proto__":{"audit.schema.version":"1"},"audit.sequence.number":1}`;
    expect(parseLine(text)).toBe("foreign");
    expect(parseLine('{"unmapped":{"__proto__":{"audit.schema.version":"1"}}}')).toBe("foreign");
  });

  it.each(["null", "1", '"text"', "[]", "{}", '{"unmapped":[]}', '{"unmapped":null}'])(
    "knows that %s is no record",
    (text) => {
      expect(parseLine(text)).toBe("foreign");
    },
  );

  it.each(["", "{", '{"a":1}{"a":1}', "nul", "\u0000"])("cannot read %j", (text) => {
    expect(parseLine(text)).toBeUndefined();
  });
});

function parsed(record: object) {
  const found = parseLine(JSON.stringify(record));
  if (found === undefined || found === "foreign") throw new Error("no record");
  return found;
}
