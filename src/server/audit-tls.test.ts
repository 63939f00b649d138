import { X509Certificate } from "node:crypto";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createCertificate, createKey } from "../../test/support/certificates.js";
import { listen, unusedPort } from "../../test/support/tls.js";
import { auditTls } from "./audit-tls.js";
import type { TlsAudit } from "./audit-tls-options.js";
import { createSecureServer } from "./create-secure-server.js";
import { knowsHybrid } from "./tls/profile.js";

const authority = createCertificate("authority", { isAuthority: true });
const ec = createCertificate("localhost", { issuer: authority });
const rsa = createCertificate("localhost", { issuer: authority, key: createKey("rsa") });
const app = (_req: unknown, res: { end(text: string): void }) => res.end("hello");
const ca = authority.cert;
const open: { close(): unknown }[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function serve(server: object): Promise<number> {
  open.push(server as never);
  return await listen(server as never);
}

it("finds what Mozilla's intermediate profile accepts, and nothing to mend", async () => {
  const port = await serve(createSecureServer(app as never, { key: ec.key, cert: ec.cert }));
  const { suites, ...audit } = await auditTls("127.0.0.1", port, { ca });
  expect(audit).toEqual({
    versions: ["TLSv1.2", "TLSv1.3"],
    groups: [...(knowsHybrid() ? ["X25519MLKEM768"] : []), "X25519", "prime256v1", "secp384r1"],
    certificate: {
      subject: "CN=localhost",
      issuer: "CN=authority",
      subjectAltName: "DNS:localhost, IP Address:127.0.0.1",
      fingerprint256: expect.stringMatching(/^[\dA-F:]{95}$/),
      validFrom: expect.stringMatching(/Z$/),
      validTo: expect.stringMatching(/Z$/),
      key: "ec prime256v1",
    },
    forwardSecrecy: true,
    findings: [],
  });
  expect([...(suites["TLSv1.2"] ?? [])].sort()).toEqual([
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
  ]);
  expect([...(suites["TLSv1.3"] ?? [])].sort()).toEqual([
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
  ]);
}, 60_000);

it("finds that the defaults of Node.js have no forward secrecy", async () => {
  const port = await serve(createServer({ key: rsa.key, cert: rsa.cert }, app as never));
  const { forwardSecrecy, suites, findings, certificate } = await auditTls("127.0.0.1", port, {
    ca,
  });
  expect(forwardSecrecy).toBe(false);
  expect(suites["TLSv1.2"]).toContain("AES128-GCM-SHA256");
  expect(certificate?.key).toBe("rsa 2048");
  expect(findings).toContainEqual({
    code: "no-forward-secrecy",
    severity: "error",
    detail: expect.stringContaining("AES128-GCM-SHA256"),
  });
}, 60_000);

it("finds old versions, anonymous suites, and bad certificates", async () => {
  const bad = createCertificate("other", {
    issuer: authority,
    key: createKey("rsa", 1024),
    names: ["other.example"],
    days: [-9, -1],
    hash: "sha1",
  });
  const port = await serve(
    createServer(
      { key: bad.key, cert: bad.cert, minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" },
      app as never,
    ),
  );
  const { versions, findings } = await auditTls("127.0.0.1", port);
  expect(versions.slice(0, 3)).toEqual(["TLSv1", "TLSv1.1", "TLSv1.2"]);
  expect(findings.map(({ code }) => code)).toEqual(
    expect.arrayContaining([
      "old-version",
      "no-forward-secrecy",
      "weak-suite",
      "certificate-name",
      "certificate-untrusted",
    ]),
  );
  const faults = findings.filter(({ code }) => code === "certificate-fault");
  expect(faults.map(({ detail }) => detail)).toEqual([
    "The certificate must not be weak, got an RSA key of 1024 bits",
    "The certificate must not be weak, got a signature with SHA-1",
    expect.stringContaining("The certificate must be valid now, got one that expired on"),
  ]);
}, 60_000);

it("sees what a server accepts that asks for a client certificate, without one", async () => {
  const server = createSecureServer(app as never, { key: ec.key, cert: ec.cert, mtls: { ca } });
  const port = await serve(server);
  const { versions, forwardSecrecy, groups } = await auditTls("127.0.0.1", port, { ca });
  expect([versions, forwardSecrecy]).toEqual([["TLSv1.2", "TLSv1.3"], true]);
  expect(groups).toContain("X25519");
}, 60_000);

it("finds TLS 1.3 only, under another name", async () => {
  const api = createCertificate("api", { issuer: authority, names: ["api.example.com"] });
  const port = await serve(
    createSecureServer(app as never, {
      key: ec.key,
      cert: ec.cert,
      profile: "modern",
      names: { "api.example.com": { key: api.key, cert: api.cert } },
    }),
  );
  const audit = await auditTls("127.0.0.1", port, { ca, servername: "api.example.com" });
  expect(audit.versions).toEqual(["TLSv1.3"]);
  expect(audit.certificate?.subject).toBe("CN=api");
  expect(audit.findings).toEqual([]);
}, 60_000);

it("says of a server without TLS that no handshake completes", async () => {
  const port = await serve(createPlainServer(app as never));
  const audit = await auditTls("127.0.0.1", port);
  expect(audit).toMatchObject({ versions: [], forwardSecrecy: false, certificate: undefined });
  expect(audit.findings).toEqual([
    { code: "no-tls", severity: "error", detail: "No handshake of any version completes" },
  ]);
});

it("does not call silence forward secrecy", async () => {
  const port = await serve(createTcpServer(() => undefined));
  const audit = await auditTls("127.0.0.1", port, { timeout: "100ms" });
  expect(audit.forwardSecrecy).toBe(false);
  expect(audit.findings.map(({ code }) => code)).toEqual(["no-tls", "unanswered"]);
  await expect(auditTls("127.0.0.1", port, { timeout: "1s", deadline: "1s" })).rejects.toThrow(
    "auditTls: the audit did not end in time",
  );
}, 60_000);

it("rejects where nobody listens", async () => {
  const port = await unusedPort();
  await expect(auditTls("127.0.0.1", port)).rejects.toMatchObject({
    name: "TlsAuditError",
    message: "auditTls: there is no connection: ECONNREFUSED",
  });
});

it.each<[unknown, unknown, object, string]>([
  [
    "https://api.example.com/",
    443,
    {},
    "auditTls.host must be a name or an address, got a string of 24 characters",
  ],
  [undefined, 443, {}, "auditTls.host must be a name or an address, got undefined"],
  [
    "localhost",
    "443",
    {},
    "auditTls.port must be a whole number from 1 to 65535, got a string of 3 characters",
  ],
  ["localhost", 443, { timeout: 5000 }, "auditTls.timeout must be a duration"],
  ["localhost", 443, { key: ec.key }, "auditTls.key must stand beside the other of key and cert"],
  [
    "localhost",
    443,
    { key: ec.key, cert: rsa.cert },
    "auditTls.cert must belong to the private key, got a certificate of another key",
  ],
  [
    "localhost",
    443,
    { ca: ca.slice(0, 200) },
    "auditTls.ca must be certificates in PEM, got one that is cut off",
  ],
  ["localhost", 443, { ca: "/etc/ca.pem" }, "auditTls.ca must be a text in PEM"],
  ["localhost", 443, { servername: undefined }, "auditTls.servername must not be undefined"],
])("refuses %j, %j, %j", async (host, port, options, problem) => {
  await expect(auditTls(host as never, port as never, options)).rejects.toThrow(problem);
});

it("tells of a certificate with times that are none, and does not stumble over it", async () => {
  const { key, cert } = createCertificate("localhost");
  const der = new X509Certificate(cert).raw;
  const at = der.indexOf(Buffer.from([0x17, 13]));
  der.write("99", at + 4, "latin1");
  const text = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
  const audit = await auditTls(
    "127.0.0.1",
    await serve(createServer({ key, cert: text }, app as never)),
  );
  expect(audit.certificate?.validFrom).toBe("");
  expect(audit.findings.map(({ detail }) => detail)).toContain(
    "The certificate must be valid now, got one whose times cannot be read",
  );
}, 60_000);

describe("against servers that mean ill, or that are busy", () => {
  async function auditOf(onConnection: (socket: Socket) => void): Promise<TlsAudit> {
    const port = await serve(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        onConnection(socket);
      }),
    );
    return await auditTls("127.0.0.1", port, { timeout: "2s" });
  }

  it.each<[string, (socket: Socket) => void]>([
    ["reset", (socket) => void socket.resetAndDestroy()],
    [
      "reset after the first bytes",
      (socket) => socket.once("data", () => socket.resetAndDestroy()),
    ],
    ["end", (socket) => void socket.end()],
    ["answer with what is no TLS", (socket) => void socket.end(Buffer.alloc(100_000, 0x16))],
  ])("connections that they %s are refusals", async (_what, onConnection) => {
    const audit = await auditOf(onConnection);
    expect(audit).toMatchObject({ versions: [], forwardSecrecy: false });
    expect(audit.findings.map(({ code }) => code)).toEqual(["no-tls"]);
  });

  it.each(["resetAndDestroy", "end"] as const)(
    "a server that limits connections (%s) has not refused suites",
    async (limit) => {
      const behind = await serve(createServer({ key: rsa.key, cert: rsa.cert }, app as never));
      let connections = 0;
      const { forwardSecrecy, findings } = await auditOf((socket) => {
        connections += 1;
        if (connections > 5) {
          socket[limit]();
          return;
        }
        const forwarded = connect(behind, "127.0.0.1");
        forwarded.on("error", () => undefined);
        socket.pipe(forwarded).pipe(socket);
      });
      expect(forwardSecrecy).toBe(false);
      expect(findings.map(({ code }) => code)).toContain("unanswered");
    },
  );

  it.each([
    ["resetAndDestroy", 1, "TLSv1.3"],
    ["resetAndDestroy", 1, "TLSv1.2"],
    ["resetAndDestroy", 2, "TLSv1.2"],
    ["end", 1, "TLSv1.3"],
    ["end", 1, "TLSv1.2"],
  ] as const)(
    "a server that breaks off (%s) behind record %i of its answer has not refused (%s)",
    async (breakOff, records, maxVersion) => {
      const behind = await serve(
        createServer({ key: rsa.key, cert: rsa.cert, maxVersion }, app as never),
      );
      let connections = 0;
      const { forwardSecrecy, findings } = await auditOf((socket) => {
        connections += 1;
        const forwarded = connect(behind, "127.0.0.1");
        forwarded.on("error", () => undefined);
        socket.on("close", () => forwarded.destroy());
        socket.pipe(forwarded);
        // So that it says yes whenever a no is confirmed.
        if (connections % 2 === 1) {
          forwarded.pipe(socket);
          return;
        }
        let answer = Buffer.alloc(0);
        forwarded.on("data", (part: Buffer) => {
          answer = Buffer.concat([answer, part]);
          const length = lengthOf(answer, records);
          if (length === undefined || socket.destroyed) return;
          forwarded.removeAllListeners("data");
          socket.write(answer.subarray(0, length), () => socket[breakOff]());
        });
      });
      expect(forwardSecrecy).toBe(false);
      expect(findings.map(({ code }) => code)).toContain("unanswered");
    },
    60_000,
  );
});

/** How many bytes the first records of TLS have, or an alert alone; `undefined` when they are not all there. */
function lengthOf(answer: Buffer, records: number): number | undefined {
  let length = 0;
  for (let record = 0; record < records; record += 1) {
    if (answer.length < length + 5) return undefined;
    length += 5 + answer.readUInt16BE(length + 3);
    if (answer[0] === 21) break;
  }
  return answer.length < length ? undefined : length;
}
