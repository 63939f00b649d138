import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { connect as connectHttp2, createSecureServer as createHttp2Server } from "node:http2";
import { type ConnectionOptions, connect } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createCertificate,
  createRevocationList,
  type TestCertificate,
} from "../../test/support/certificates.js";
import { expressVersions } from "../../test/support/express.js";
import { end, get, handshake, listen } from "../../test/support/tls.js";
import { getClientCertificate } from "../core/http/certificates/client-certificate.js";
import { createSecureServer, type SecureServer } from "./create-secure-server.js";
import type { MtlsOptions, TicketOptions } from "./secure-server-options.js";
import { tlsOptions } from "./tls-options.js";

const authority = createCertificate("private authority", { isAuthority: true });
const alice = createCertificate("alice", {
  issuer: authority,
  names: ["alice.internal", "a, DNS:evil.internal"],
});
const self = createCertificate("self-signed");
const expired = createCertificate("late", { issuer: authority, days: [-9, -1] });
const here = createCertificate("localhost");
let servers: SecureServer[] = [];

afterEach(async () => {
  await Promise.all(servers.map(end));
  servers = [];
});

const pem = ({ key, cert }: TestCertificate) => ({ key, cert });

describe.each(expressVersions)("getClientCertificate on Express %s", (_major, express) => {
  async function serve(mtls: MtlsOptions | undefined): Promise<number> {
    const app = express();
    app.get("/", (req, res) => void res.json(getClientCertificate(req) ?? null));
    const server = createSecureServer(app, { ...pem(here), ...(mtls && { mtls }) });
    servers.push(server);
    return await listen(server);
  }

  const ask = async (port: number, options: ConnectionOptions = {}) =>
    JSON.parse((await get(port, options)).body);

  it("tells who the client is", async () => {
    const port = await serve({ ca: authority.cert });
    const certificate = new X509Certificate(alice.cert);
    expect(await ask(port, pem(alice))).toEqual({
      subject: { CN: "alice" },
      issuer: { CN: "private authority" },
      subjectAltNames: ["DNS:alice.internal", "DNS:a, DNS:evil.internal"],
      serialNumber: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256,
      thumbprint: Buffer.from(certificate.fingerprint256.replaceAll(":", ""), "hex").toString(
        "base64url",
      ),
      validFrom: new Date(certificate.validFrom).toISOString(),
      validTo: new Date(certificate.validTo).toISOString(),
    });
  });

  it("tells nothing of a certificate that was not verified", async () => {
    const port = await serve({ ca: authority.cert, required: false });
    expect(await ask(port, pem(alice))).toMatchObject({ subject: { CN: "alice" } });
    for (const options of [{}, pem(self), pem(expired)])
      expect(await ask(port, options)).toBeNull();
    expect(await ask(await serve(undefined), pem(alice))).toBeNull();
  });

  it("tells nothing of a session that is resumed without a certificate", async () => {
    const port = await serve({ ca: authority.cert, required: false });
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = await sessionOf(port, { maxVersion });
      expect((await handshake(port, { maxVersion, session })).resumed).toBe(true);
      expect(await ask(port, { maxVersion, session })).toBeNull();
    }
  });

  it("tells who resumes a session with a certificate", async () => {
    const port = await serve({ ca: authority.cert });
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = await sessionOf(port, { ...pem(alice), maxVersion });
      expect((await handshake(port, { maxVersion, session })).resumed).toBe(true);
      expect(await ask(port, { maxVersion, session })).toMatchObject({ subject: { CN: "alice" } });
    }
  });

  it("tells nothing of a certificate whose time is over since the handshake", async () => {
    const DAY = 86_400_000;
    for (const required of [true, false]) {
      const port = await serve({ ca: authority.cert, required });
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const session = await sessionOf(port, { ...pem(alice), maxVersion });
        const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 100 * DAY);
        const answer = ask(port, { ...pem(alice), maxVersion, session });
        if (required) await expect(answer).rejects.toThrow();
        else expect(await answer).toBeNull();
        clock.mockRestore();
        expect(await ask(port, { ...pem(alice), maxVersion, session })).not.toBeNull();
      }
    }
  });

  it("is no middleware, and knows no certificate of requests without TLS", () => {
    expect(getClientCertificate({ socket: {} } as IncomingMessage)).toBeUndefined();
    const broken = Object.defineProperty({}, "socket", {
      get: () => {
        throw new Error("the session is gone");
      },
    });
    expect(getClientCertificate(broken as IncomingMessage)).toBeUndefined();
  });
});

describe("createSecureServer with mtls", () => {
  async function serve(mtls: MtlsOptions, tickets?: TicketOptions): Promise<number> {
    const server = createSecureServer((_req, res) => void res.end("hello"), {
      ...pem(here),
      mtls,
      tickets,
    });
    servers.push(server);
    return await listen(server);
  }

  it("refuses clients without a good certificate in the handshake", async () => {
    const port = await serve({ ca: authority.cert });
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await expect(handshake(port, { ...pem(alice), maxVersion })).resolves.toMatchObject({
        protocol: maxVersion,
      });
      for (const options of [{}, pem(self), pem(expired)])
        await expect(handshake(port, { ...options, maxVersion })).rejects.toThrow();
    }
  });

  it("refuses certificates that are on a revocation list, and all without a list in date", async () => {
    const bob = createCertificate("bob", { issuer: authority });
    const port = await serve({ ca: authority.cert, crl: createRevocationList(authority, [bob]) });
    await expect(handshake(port, pem(alice))).resolves.toBeDefined();
    await expect(handshake(port, pem(bob))).rejects.toThrow();
    const other = createCertificate("other", { isAuthority: true });
    const lists = createRevocationList(other, []);
    const strict = await serve({ ca: authority.cert, crl: lists });
    await expect(handshake(strict, pem(alice))).rejects.toThrow();
  });

  it("reads all revocation lists of a text, one for each authority", async () => {
    const other = createCertificate("other", { isAuthority: true });
    const [bob, eve] = ["bob", "eve"].map((name) => createCertificate(name, { issuer: other }));
    if (bob === undefined || eve === undefined) throw new Error("both are there");
    const port = await serve({
      ca: authority.cert + other.cert,
      crl: createRevocationList(authority, []) + createRevocationList(other, [eve]),
    });
    for (const one of [alice, bob]) await expect(handshake(port, pem(one))).resolves.toBeDefined();
    await expect(handshake(port, pem(eve))).rejects.toThrow();
  });

  it("trusts no authority that it has not looked at", async () => {
    const hidden = self.cert.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE");
    const port = await serve({ ca: authority.cert + hidden });
    await expect(handshake(port, pem(self))).rejects.toThrow();
  });

  it("resumes no session of a server that requires no certificate, with the same secret", async () => {
    const tickets = { secret: "zq9SECRETzq9zq9SECRETzq9zq9SECRETzq9" };
    const mtls = { ca: authority.cert };
    const open = await serve({ ...mtls, required: false }, tickets);
    const strict = await serve(mtls, tickets);
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = await sessionOf(open, { maxVersion });
      await expect(handshake(strict, { maxVersion, session })).rejects.toThrow();
    }
  });
});

it("getClientCertificate works over HTTP/2 with tlsOptions", async () => {
  let found: unknown;
  const server = createHttp2Server(
    { ...tlsOptions(), ...pem(here), ca: authority.cert, requestCert: true },
    (req, res) => {
      found = getClientCertificate(req as unknown as IncomingMessage);
      res.end();
    },
  );
  const port = await listen(server as never);
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    ...pem(alice),
    rejectUnauthorized: false,
  });
  const stream = session.request({ ":path": "/" });
  await new Promise((resolve, reject) => {
    stream.once("response", resolve).once("error", reject);
  });
  session.destroy();
  server.close();
  expect(found).toMatchObject({ subject: { CN: "alice" } });
});

/** A ticket for another connection. With TLS 1.3 it comes after the handshake. */
async function sessionOf(port: number, options: ConnectionOptions): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      servername: "localhost",
      rejectUnauthorized: false,
      ...options,
    });
    socket.once("error", reject).once("session", (session: Buffer) => {
      resolve(session);
      socket.destroy();
    });
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  });
}
