import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../test/support/express.js";
import { createGuard } from "../core/guard/guard.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";
import { secureHeaders } from "../secure-headers/index.js";
import { type AuditLog, type AuditPrivacyOptions, auditLog } from "./index.js";

const KEY = "0123456789abcdef0123456789abcdef-x";
const ALICE = { subject: "alice", issuer: "https://idp.example", tenant: "acme", roles: ["admin"] };
const PSEUDONYM = /^[0-9a-f]{8}:[\w-]{22}$/;

type Records = Record<string, unknown>[];

function collect(privacy: AuditPrivacyOptions | undefined): { audit: AuditLog; records: Records } {
  const records: Records = [];
  const sink = new Transport({
    log(info, next) {
      if (
        "client.address" in info ||
        "http.request.id" in info ||
        "audit.repeat.count" in info ||
        /^connection_/.test(info["event.name"])
      )
        records.push(info);
      next();
    },
  });
  return { audit: auditLog({ sinks: [sink], ...(privacy && { privacy }) }), records };
}

const guard = createGuard("guard", "authorization", { mode: "enforce", onDenied: "respond" });

describe.each(expressVersions)("privacy on Express %s", (_major, express) => {
  async function recordsOf(
    privacy: AuditPrivacyOptions | undefined,
    caller: PrincipalInit | null = ALICE,
  ): Promise<{ passed: Record<string, unknown>; refused: Record<string, unknown> }> {
    const { audit, records } = collect(privacy);
    const app = express();
    app.set("trust proxy", true);
    app.use(audit, (req, res, next) => {
      if (caller !== null) setPrincipalSource(req, () => createPrincipal(caller));
      if (req.path === "/passed") {
        guard.allow(req, { token: "jti-4711" });
        res.end();
      } else guard.refuse(new HttpError("access_denied"), req, res, next, { token: "jti-4711" });
    });
    for (const path of ["/passed", "/refused"])
      await request(app).get(path).set("X-Forwarded-For", "198.51.100.7");
    const [passed = {}, refused = {}] = records;
    return { passed, refused };
  }

  it("records people plainly by default, and their addresses completely only where they were refused", async () => {
    const { passed, refused } = await recordsOf(undefined);
    expect(passed).toMatchObject({
      "audit.actor.id": "https://idp.example alice",
      "audit.token.id": "jti-4711",
      "client.address": "198.51.100.0",
    });
    expect(refused["client.address"]).toBe("198.51.100.7");
  });

  it("gives users and their tokens pseudonyms that are the same in every record, and tell nothing", async () => {
    const { passed, refused } = await recordsOf({ subject: "pseudonym", key: KEY });
    expect(passed["audit.actor.id"]).toMatch(PSEUDONYM);
    expect(passed["audit.token.id"]).toMatch(PSEUDONYM);
    expect(refused["audit.actor.id"]).toBe(passed["audit.actor.id"]);
    expect(refused["audit.token.id"]).toBe(passed["audit.token.id"]);
    expect(passed["audit.token.id"]).not.toBe(passed["audit.actor.id"]);
    const text = JSON.stringify([passed, refused]);
    for (const plain of ["alice", "jti-4711", KEY]) expect(text).not.toContain(plain);
    // What is not about one person stays.
    expect(refused).toMatchObject({
      "audit.actor.type": "user",
      "audit.actor.tenant": "acme",
      "user.roles": ["admin"],
    });
  });

  it("gives another user another pseudonym, and another key another one to the same user", async () => {
    const ids = new Set<unknown>();
    for (const [subject, key] of [
      ["alice", KEY],
      ["bob", KEY],
      ["alice", `${KEY}2`],
    ] as const) {
      const { passed } = await recordsOf({ subject: "pseudonym", key }, { ...ALICE, subject });
      ids.add(passed["audit.actor.id"]);
    }
    expect(ids.size).toBe(3);
    expect(new Set([...ids].map((id) => String(id).split(":")[0])).size).toBe(2);
  });

  it("names the newest key of a list, and uses no other", async () => {
    const newest = randomBytes(32);
    const key = [
      { id: "2026-12", key: newest },
      { id: "2026-11", key: createSecretKey(randomBytes(32)) },
    ];
    const { passed } = await recordsOf({ subject: "pseudonym", key });
    const hash = createHmac("sha256", newest).update("subject\nhttps://idp.example alice").digest();
    const pseudonym = hash.subarray(0, 16).toString("base64url");
    expect(passed["audit.actor.id"]).toBe(`2026-12:${pseudonym}`);
  });

  it("makes the same pseudonyms of a text, its bytes and a key object", async () => {
    const ids = new Set<unknown>();
    for (const key of [
      KEY,
      Buffer.from(KEY),
      new Uint8Array(Buffer.from(KEY)),
      createSecretKey(Buffer.from(KEY)),
    ]) {
      ids.add((await recordsOf({ subject: "pseudonym", key })).passed["audit.actor.id"]);
    }
    expect(ids.size).toBe(1);
  });

  it("gives whoever is known by something, without a login, a pseudonym as well", async () => {
    const { passed } = await recordsOf(
      { subject: "pseudonym", key: KEY },
      { kind: "anonymous", subject: "device-7" },
    );
    expect(passed["audit.actor.id"]).toMatch(PSEUDONYM);
  });

  it("leaves users and tokens out", async () => {
    const { passed } = await recordsOf({ subject: "omit" });
    expect(passed).not.toHaveProperty("audit.actor.id");
    expect(passed).not.toHaveProperty("audit.token.id");
    expect(passed["audit.actor.type"]).toBe("user");
  });

  it.each<[PrincipalInit | null, string]>([
    [null, "anonymous"],
    [{ kind: "service", clientId: "billing" }, "service:billing"],
    [{ kind: "anonymous" }, "anonymous"],
  ])("keeps the name of whom is no person: %j", async (caller, id) => {
    for (const subject of ["pseudonym", "omit"] as const) {
      const key = subject === "pseudonym" ? { key: KEY } : {};
      const { passed } = await recordsOf({ subject, ...key }, caller);
      expect(passed["audit.actor.id"]).toBe(id);
    }
  });

  it.each<[AuditPrivacyOptions, unknown, unknown]>([
    [{}, "198.51.100.0", "198.51.100.7"],
    [{ address: "plain" }, "198.51.100.7", "198.51.100.7"],
    [{ address: "truncate" }, "198.51.100.0", "198.51.100.0"],
    [{ address: "omit" }, undefined, undefined],
    [{ address: "omit", addressOnRefusal: "truncate" }, undefined, "198.51.100.0"],
    [{ addressOnRefusal: "omit" }, "198.51.100.0", undefined],
    [{ address: "pseudonym", key: KEY }, PSEUDONYM, PSEUDONYM],
    [{ addressOnRefusal: "pseudonym", key: KEY }, "198.51.100.0", PSEUDONYM],
  ])("records addresses as %j says", async (privacy, ofPassed, ofRefused) => {
    const { passed, refused } = await recordsOf(privacy);
    for (const [record, wanted] of [
      [passed, ofPassed],
      [refused, ofRefused],
    ] as const) {
      if (wanted instanceof RegExp) expect(record["client.address"]).toMatch(wanted);
      else expect(record["client.address"]).toBe(wanted);
    }
  });

  it.each<[AuditPrivacyOptions, unknown]>([
    [{ address: "truncate" }, "198.51.100.0"],
    [{ address: "omit" }, undefined],
    [{ address: "pseudonym", key: KEY }, PSEUDONYM],
  ])("does the same where one record stands for many requests: %j", async (privacy, wanted) => {
    const { audit, records } = collect(privacy);
    const app = express();
    app.set("trust proxy", true);
    app.use(audit, secureHeaders({ cors: { origins: ["https://shop.example"] } }));
    for (let index = 0; index < 105; index += 1) {
      await request(app).options("/").set({
        Origin: "https://other.example",
        "Access-Control-Request-Method": "PUT",
        "X-Forwarded-For": "198.51.100.7",
      });
    }
    await audit.close();
    const repeats = records.find((record) => "audit.repeat.count" in record) ?? {};
    if (wanted instanceof RegExp) expect(repeats["client.address"]).toMatch(wanted);
    else expect(repeats["client.address"]).toBe(wanted);
    expect(JSON.stringify(records)).not.toContain("198.51.100.7");
  });

  it.each<[AuditPrivacyOptions, unknown, unknown]>([
    [{}, "https://idp.example alice", "jti-4711"],
    [{ subject: "omit" }, undefined, undefined],
    [
      { subject: "pseudonym", key: KEY },
      expect.stringMatching(PSEUDONYM),
      expect.stringMatching(PSEUDONYM),
    ],
  ])("names a caller and a token there as in their own records: %j", async (privacy, id, token) => {
    const { audit, records } = collect(privacy);
    const app = express();
    app.use(audit, (req, res, next) => {
      setPrincipalSource(req, () => createPrincipal(ALICE));
      guard.refuse(new HttpError("access_denied"), req, res, next, { token: "jti-4711" });
    });
    for (let index = 0; index < 102; index += 1) await request(app).get("/");
    await audit.close();
    const repeats = records.find((record) => "audit.repeat.count" in record) ?? {};
    expect(repeats["audit.repeat.count"]).toBe(2);
    for (const record of [records[0], repeats]) {
      expect(record?.["audit.actor.id"]).toEqual(id);
      expect(record?.["audit.token.id"]).toEqual(token);
    }
  });
});

describe.each(["user", "service"] as const)("an alert about a %s", (kind) => {
  const { id } = createPrincipal({ ...ALICE, kind });

  it.each<[AuditPrivacyOptions, unknown]>([
    [{}, id],
    [{ subject: "omit" }, "(omitted)"],
    [{ subject: "pseudonym", key: KEY }, expect.stringMatching(PSEUDONYM)],
  ])("names the caller as its records do: %j", async (privacy, wanted) => {
    const records: Records = [];
    const log = (info: Record<string, unknown>, next: () => void): void => {
      records.push(info);
      next();
    };
    const audit = auditLog({
      sinks: [new Transport({ log })],
      privacy,
      alerts: {
        defaults: {},
        rules: [{ name: "own", when: "authz_fail", by: "subject", threshold: 1, window: "1m" }],
        honeytokens: { subjects: id },
      },
    });
    const [, express] = expressVersions[1] as (typeof expressVersions)[number];
    const app = express().use(audit, (req, res, next) => {
      setPrincipalSource(req, () => createPrincipal({ ...ALICE, kind }));
      guard.refuse(new HttpError("access_denied"), req, res, next);
    });
    await request(app).get("/").expect(403);
    await audit.close();
    const name = kind === "service" ? id : wanted;
    const about = (rule: string) => records.find((one) => one["security_rule.name"] === rule);
    const told = about("own");
    const touched = about("honeytoken");
    expect(told).toMatchObject({ "audit.alert.key_kind": "subject", "audit.alert.key": name });
    expect(typeof touched?.["audit.alert.touched"]).toBe("string");
    if (typeof name === "string") expect(touched?.["audit.alert.touched"]).toBe(`subject ${name}`);
    const record = records.find((one) => one["event.name"] === "authz_fail");
    if (name !== "(omitted)") expect(record?.["audit.actor.id"]).toBe(told?.["audit.alert.key"]);
  });
});

it.each<[AuditPrivacyOptions, unknown]>([
  [{}, "127.0.0.1"],
  [{ address: "truncate" }, "127.0.0.0"],
  [{ address: "omit" }, undefined],
  [{ address: "pseudonym", key: KEY }, expect.stringMatching(PSEUDONYM)],
])("records addresses of connections, also of many, as %j says", async (privacy, wanted) => {
  const { audit, records } = collect(privacy);
  const server = createServer();
  audit.attachServer(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (let index = 0; index < 102; index += 1) {
    await new Promise<void>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("NONSENSE\r\n\r\n"));
      socket.resume().on("close", () => resolve());
    });
  }
  server.close();
  await audit.close();
  const found = records.filter((record) => record["event.name"] === "connection_failed");
  expect(found).toHaveLength(101);
  for (const record of found) expect(record["client.address"]).toEqual(wanted);
});

describe("the options of privacy", () => {
  const short = "short-key-zq9";

  it.each<[unknown, string]>([
    [{ subject: "pseudonym" }, "auditLog.privacy.key must be given"],
    [{ address: "pseudonym" }, "auditLog.privacy.key must be given"],
    [{ key: KEY }, "auditLog.privacy.key must be left out"],
    [{ subject: "pseudonym", key: undefined }, "auditLog.privacy.key must not be undefined"],
    [{ subject: undefined }, "auditLog.privacy.subject must not be undefined"],
    [{ subject: "hash" }, "auditLog.privacy.subject must be"],
    [{ subject: "hmac" }, '"pseudonym"'],
    [{ subject: "truncate" }, "auditLog.privacy.subject must be"],
    [
      { subject: "pseudonym", key: short },
      "auditLog.privacy.key must be a string, Buffer or secret KeyObject of at least 32 random bytes",
    ],
    [{ subject: "pseudonym", key: Buffer.alloc(32) }, "auditLog.privacy.key must be"],
    [
      { subject: "pseudonym", key: "undefined-0123456789abcdef0123456789" },
      "auditLog.privacy.key must be",
    ],
    [{ subject: "pseudonym", key: [] }, "auditLog.privacy.key must be a non-empty list"],
    [
      { subject: "pseudonym", key: [{ id: "a", key: short }] },
      "auditLog.privacy.key[0].key must be",
    ],
    [
      { subject: "pseudonym", key: [{ id: "a", key: undefined }] },
      "auditLog.privacy.key[0].key must not be undefined",
    ],
    [
      { subject: "pseudonym", key: [{ id: "a:b", key: KEY }] },
      "auditLog.privacy.key[0].id must be 1 to 16 letters",
    ],
    [
      {
        subject: "pseudonym",
        key: [
          { id: "a", key: KEY },
          { id: "a", key: `${KEY}2` },
        ],
      },
      "auditLog.privacy.key[1].id must not repeat",
    ],
    [
      {
        subject: "pseudonym",
        key: [
          { id: "a", key: KEY },
          { id: "b", key: KEY },
        ],
      },
      "auditLog.privacy.key[1].key must not repeat",
    ],
    [{ subject: "omit", salt: "x" }, "a salt that is known hides nobody"],
  ])("refuse mistakes with words that hold no key", (privacy, message) => {
    let text = "";
    try {
      auditLog({ privacy: privacy as AuditPrivacyOptions });
    } catch (error) {
      text = String(error);
    }
    expect(text).toContain(message);
    expect(text).not.toContain(short);
    expect(text).not.toContain(KEY.slice(0, 12));
  });

  it("refuse to be undefined as a whole", () => {
    expect(() => auditLog({ privacy: undefined })).toThrow(
      "auditLog.privacy must not be undefined",
    );
  });
});
