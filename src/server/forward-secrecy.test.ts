import { connect as connectHttp2, createSecureServer as createHttp2Server } from "node:http2";
import { createServer } from "node:https";
import { type ConnectionOptions, connect, getCiphers, type SecureVersion } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificate, createKey } from "../../test/support/certificates.js";
import { end, handshake, listen } from "../../test/support/tls.js";
import { createSecureServer, type SecureServer } from "./create-secure-server.js";
import { tlsOptions } from "./tls-options.js";

const rsa = createCertificate("rsa", { key: createKey("rsa") });
const ec = createCertificate("ec");
const app = (_req: unknown, res: { end(text: string): void }) => res.end("hello");
/** Those of TLS 1.3 are not chosen by this list. */
const OLD_SUITES = getCiphers().filter((name) => !name.startsWith("tls_"));

/** Mozilla's guideline 6.0. */
const INTERMEDIATE = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"];

/** The suites that a server accepts, of all that this OpenSSL has, one handshake for each. */
async function acceptedSuites(port: number): Promise<readonly string[]> {
  const accepted = new Set<string>();
  for (const suite of OLD_SUITES) {
    const options: ConnectionOptions = {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.2",
      ciphers: `${suite.toUpperCase()}:@SECLEVEL=0`,
    };
    try {
      const { cipher } = await handshake(port, options);
      accepted.add(cipher);
    } catch {
      // Refused by the server, or no suite that this OpenSSL offers.
    }
  }
  return [...accepted].sort();
}

describe(`with Node.js ${process.versions.node} and OpenSSL ${process.versions.openssl}`, () => {
  let servers: readonly SecureServer[];
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    const made = {
      rsa: createSecureServer(app as never, { key: rsa.key, cert: rsa.cert }),
      ec: createSecureServer(app as never, { key: ec.key, cert: ec.cert }),
      modern: createSecureServer(app as never, { key: ec.key, cert: ec.cert, profile: "modern" }),
    };
    servers = Object.values(made);
    for (const [name, server] of Object.entries(made)) ports[name] = await listen(server);
  });
  afterAll(() => Promise.all(servers.map(end)));

  it.each([
    ["rsa", INTERMEDIATE.map((name) => `ECDHE-RSA-${name}`)],
    ["ec", INTERMEDIATE.map((name) => `ECDHE-ECDSA-${name}`)],
    ["modern", []],
  ])(
    "of all suites before TLS 1.3, %s accepts those of Mozilla's guideline only",
    async (name, suites) => {
      expect(OLD_SUITES.length).toBeGreaterThan(30);
      expect(await acceptedSuites(ports[name] ?? 0)).toEqual([...suites].sort());
    },
    120_000,
  );

  it("the same try finds static RSA in a server with the defaults of Node.js", async () => {
    const server = createServer({ key: rsa.key, cert: rsa.cert }, app as never);
    expect(await acceptedSuites(await listen(server))).toContain("AES128-GCM-SHA256");
    await end(server);
  }, 120_000);

  it.each<[string, SecureVersion, string | undefined]>([
    ["ec", "TLSv1", undefined],
    ["ec", "TLSv1.1", undefined],
    ["ec", "TLSv1.2", "TLSv1.2"],
    ["ec", "TLSv1.3", "TLSv1.3"],
    ["modern", "TLSv1.2", undefined],
    ["modern", "TLSv1.3", "TLSv1.3"],
  ])("%s asked for %s answers %s", async (name, version, expected) => {
    const attempt = handshake(ports[name] ?? 0, {
      minVersion: "TLSv1",
      maxVersion: version,
      ciphers: "ALL:@SECLEVEL=0",
    }).then(({ protocol }) => protocol);
    if (expected === undefined) await expect(attempt).rejects.toThrow();
    else await expect(attempt).resolves.toBe(expected);
  });

  it("TLS 1.3 has the three suites of the guideline", async () => {
    const seen = [];
    for (const suite of [
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
    ])
      seen.push((await handshake(ports["modern"] ?? 0, { ciphers: suite })).cipher);
    expect(seen).toEqual([
      "TLS_AES_128_GCM_SHA256",
      "TLS_AES_256_GCM_SHA384",
      "TLS_CHACHA20_POLY1305_SHA256",
    ]);
    await expect(
      handshake(ports["modern"] ?? 0, { ciphers: "TLS_AES_128_CCM_SHA256" }),
    ).rejects.toThrow();
  });

  it("the client chooses the suite", async () => {
    const wishes = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"];
    const seen = [];
    for (const ciphers of [wishes.join(":"), [...wishes].reverse().join(":")])
      seen.push((await handshake(ports["ec"] ?? 0, { maxVersion: "TLSv1.2", ciphers })).cipher);
    expect(seen).toEqual(wishes);
  });

  it.each([
    ["X25519", true],
    ["prime256v1", true],
    ["secp384r1", true],
    ["secp521r1", false],
    ["X448", false],
  ])("the group %s is accepted: %s", async (ecdhCurve, expected) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const attempt = handshake(ports["rsa"] ?? 0, { ecdhCurve, maxVersion });
      if (expected) await expect(attempt).resolves.toMatchObject({ protocol: maxVersion });
      else await expect(attempt).rejects.toThrow();
    }
  });

  it("the hybrid group is accepted where OpenSSL has it, and never named where it has not", async () => {
    const [major = 0, minor = 0] = process.versions.openssl.split(".").map(Number);
    const hybrid = major > 3 || (major === 3 && minor >= 5);
    expect(tlsOptions().ecdhCurve.startsWith("X25519MLKEM768:")).toBe(hybrid);
    if (!hybrid) return;
    const { protocol } = await handshake(ports["rsa"] ?? 0, { ecdhCurve: "X25519MLKEM768" });
    expect(protocol).toBe("TLSv1.3");
  });

  it("renegotiation is refused", async () => {
    const socket = connect({
      port: ports["rsa"] ?? 0,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      maxVersion: "TLSv1.2",
    });
    await new Promise<void>((done) => socket.once("secureConnect", () => done()));
    const outcome = await new Promise<string>((done) => {
      socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? "error"));
      socket.once("close", () => done("closed"));
      socket.renegotiate({ rejectUnauthorized: false }, (error) =>
        done(error ? "refused" : "renegotiated"),
      );
    });
    socket.destroy();
    expect(outcome).not.toBe("renegotiated");
  });

  it.each(["intermediate", "modern"] as const)("tlsOptions(%j) serves HTTP/2", async (profile) => {
    const server = createHttp2Server({ ...tlsOptions(profile), key: rsa.key, cert: rsa.cert });
    server.on("stream", (stream) => {
      stream.respond({ ":status": 200 });
      stream.end("hello");
    });
    const port = await listen(server as never);
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: rsa.cert });
    const stream = session.request({ ":path": "/" });
    const status = await new Promise((resolve, reject) => {
      session.once("error", reject);
      stream.once("response", (headers) => resolve(headers[":status"])).once("error", reject);
    });
    expect([status, session.alpnProtocol]).toEqual([200, "h2"]);
    const refused = handshake(port, { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" });
    await expect(refused).rejects.toThrow();
    session.destroy();
    server.close();
  });
});

describe("tlsOptions", () => {
  it("returns frozen options, also without a profile", () => {
    expect(Object.isFrozen(tlsOptions())).toBe(true);
    expect(tlsOptions()).toEqual(tlsOptions("intermediate"));
    expect(tlsOptions("modern").minVersion).toBe("TLSv1.3");
  });

  it.each([
    [
      "old",
      'tlsOptions.profile must be one of "intermediate", "modern", got a string of 3 characters',
    ],
    [
      "strict",
      'tlsOptions.profile must be one of "intermediate", "modern", got "strict": did you mean "modern"?',
    ],
    [null, 'tlsOptions.profile must be one of "intermediate", "modern", got null'],
    [{}, 'tlsOptions.profile must be one of "intermediate", "modern", got an object'],
  ])("refuses %j", (profile, message) => {
    expect(() => tlsOptions(profile as never)).toThrow(message);
  });
});
