import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type CertificateWishes,
  createCertificate,
  createKey,
  createRevocationList,
} from "../../test/support/certificates.js";
import { expressVersions } from "../../test/support/express.js";
import { end, get, handshake, listen } from "../../test/support/tls.js";
import { OptionsError } from "../core/options/options-error.js";
import { createSecureServer } from "./create-secure-server.js";

const good = createCertificate("localhost");
const folder = mkdtempSync(join(tmpdir(), "express-secure-api-tls-"));
const app = (_req: unknown, res: { end(text: string): void }) => res.end("hello");

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(options: object, listener: unknown = app): readonly string[] {
  try {
    createSecureServer(listener as never, options as never);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

function problemsWith(wishes: CertificateWishes): readonly string[] {
  const { key, cert } = createCertificate("localhost", wishes);
  return problemsOf({ key, cert });
}

describe.each(expressVersions)("createSecureServer with Express %s", (_major, express) => {
  it("serves the app over TLS, from files", async () => {
    const hello = express();
    hello.get("/", (req, res) => void res.json({ secure: req.secure }));
    const server = createSecureServer(hello, {
      keyFile: file("key.pem", good.key),
      certFile: file("cert.pem", good.cert),
    });
    const port = await listen(server);
    const { status, body } = await get(port, { ca: good.cert, rejectUnauthorized: true });
    expect([status, body]).toEqual([200, '{"secure":true}']);
    await end(server);
  });
});

describe("createSecureServer", () => {
  it("takes PEM as text and as bytes", async () => {
    const server = createSecureServer(app as never, {
      key: Buffer.from(good.key),
      cert: Buffer.from(good.cert),
    });
    expect((await handshake(await listen(server))).protocol).toBe("TLSv1.3");
    await end(server);
  });

  it("opens an encrypted key with its passphrase", () => {
    const key = createPrivateKey(good.key)
      .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "zq9SECRETzq9" })
      .toString();
    const { cert } = good;
    expect(problemsOf({ key, cert, passphrase: "zq9SECRETzq9" })).toEqual([]);
    expect(problemsOf({ key, cert })).toEqual([
      "createSecureServer.key must be a private key that can be read, got an encrypted one: give its passphrase",
    ]);
    expect(problemsOf({ key, cert, passphrase: "zq8SECRETzq8" })).toEqual([
      "createSecureServer.key must be a private key that can be read, got one that the passphrase does not open",
    ]);
    expect(problemsOf({ key, cert, passphrase: undefined })).toContainEqual(
      expect.stringContaining("createSecureServer.passphrase must not be undefined"),
    );
  });

  it("shows each name its certificate, and all others that of the server", async () => {
    const api = createCertificate("api", { names: ["api.example.com"] });
    const wild = createCertificate("wild", { names: ["*.example.com"] });
    const server = createSecureServer(app as never, {
      key: good.key,
      cert: good.cert,
      names: {
        "api.example.com": { key: api.key, cert: api.cert },
        "*.example.com": { keyFile: file("w.key", wild.key), certFile: file("w.crt", wild.cert) },
      },
    });
    const port = await listen(server);
    const seen = [];
    for (const servername of [
      "api.example.com",
      "API.example.com",
      "api.example.com.",
      "www.example.com",
      "a.b.example.com",
      "example.com",
      "localhost",
      "",
    ]) {
      const { fingerprint256 } = await handshake(port, { servername });
      const which = [good, api, wild].find(
        ({ cert }) => fingerprintOf(cert) === fingerprint256,
      )?.name;
      seen.push([servername, which]);
    }
    expect(seen).toEqual([
      ["api.example.com", "api"],
      ["API.example.com", "api"],
      ["api.example.com.", "api"],
      ["www.example.com", "wild"],
      ["a.b.example.com", "localhost"],
      ["example.com", "localhost"],
      ["localhost", "localhost"],
      ["", "localhost"],
    ]);
    await end(server);
  });

  it("closes as any server does, also one that never listened", async () => {
    const server = createSecureServer(app as never, { key: good.key, cert: good.cert });
    await new Promise<void>((done) => server.close(() => done()));
    const port = await listen(server);
    expect((await handshake(port)).protocol).toBe("TLSv1.3");
    await end(server);
  });
});

describe("at start, createSecureServer refuses", () => {
  const other = createCertificate("other");
  const chained = createCertificate("leaf", { issuer: good });
  const intermediate = createCertificate("intermediate", { issuer: good, isAuthority: true });
  const { key, cert } = createCertificate("any", { names: ["any.example.com"] });
  const any = { key, cert };
  const list = createRevocationList(good, []);

  it.each<[string, CertificateWishes, string]>([
    ["an expired certificate", { days: [-90, -1] }, "must be valid now, got one that expired on "],
    ["one of tomorrow", { days: [1, 90] }, "must be valid now, got one that is valid from "],
    [
      "RSA keys of 1,024 bits",
      { key: createKey("rsa", 1024) },
      "must not be weak, got an RSA key of 1024 bits",
    ],
    [
      "curves that nobody offers",
      { key: createKey("ec", "secp256k1") },
      "must not be weak, got a key on the curve secp256k1",
    ],
    [
      "P-521, which TLS 1.2 cannot use",
      { key: createKey("ec", "secp521r1") },
      "must not be weak, got a key on the curve secp521r1",
    ],
    [
      "signatures with SHA-1",
      { hash: "sha1", issuer: createCertificate("e") },
      "must not be weak, got a signature with SHA-1",
    ],
    [
      "signatures of RSA with SHA-1",
      { hash: "sha1", issuer: createCertificate("r", { key: createKey("rsa") }) },
      "must not be weak, got a signature with SHA-1",
    ],
  ])("%s", (_what, wishes, problem) => {
    expect(problemsWith(wishes)).toEqual([
      expect.stringContaining(`createSecureServer.cert ${problem}`),
    ]);
  });

  it.each<[string, CertificateWishes]>([
    ["RSA of 2,048 bits", { key: createKey("rsa") }],
    ["P-384", { key: createKey("ec", "secp384r1") }],
    ["Ed25519", { key: createKey("ed25519") }],
    ["a root of its own with SHA-1", { hash: "sha1" }],
  ])("but not %s", (_what, wishes) => {
    expect(problemsWith(wishes)).toEqual([]);
  });

  it.each<[string, object, readonly string[]]>([
    [
      "a key of another certificate",
      { key: other.key, cert: good.cert },
      ["cert must belong to the private key, got a certificate of another key"],
    ],
    [
      "a key of another type",
      { key: createKey("rsa"), cert: good.cert },
      ["cert must belong to the private key, got a certificate of another key"],
    ],
    [
      "a chain in the wrong order",
      { key: chained.key, cert: good.cert + chained.cert },
      ["cert must begin with the certificate of the private key, got it as number 2"],
    ],
    [
      "both in the wrong place",
      { key: good.cert, cert: good.key },
      [
        "key must be a private key in PEM, got a certificate: did key and certificate change places?",
        "cert must be certificates in PEM (-----BEGIN CERTIFICATE-----), got a private key",
      ],
    ],
    [
      "paths in the place of PEM",
      { key: "/etc/tls/privkey.pem", cert: good.cert },
      ["key must be a text in PEM (-----BEGIN …), got another text: a path stands in keyFile"],
    ],
    [
      "PEM in the place of paths",
      { keyFile: good.key, certFile: join(folder, "cert.pem") },
      ["keyFile must be the path of a file, got a text in PEM: it stands in key"],
    ],
    [
      "a text that was cut off",
      { key: good.key, cert: good.cert.slice(0, 300) },
      ["cert must be certificates in PEM, got one that is cut off"],
    ],
    [
      "a text that was cut off behind the first certificate",
      { key: chained.key, cert: chained.cert + good.cert.slice(0, 300) },
      ["cert must be certificates in PEM, got one that is cut off"],
    ],
    [
      "authorities and revocation lists that were cut off",
      {
        key: good.key,
        cert: good.cert,
        mtls: { ca: good.cert + good.cert.slice(0, 300), crl: list + list.slice(0, 100) },
      },
      [
        "mtls.ca must be certificates in PEM, got one that is cut off",
        "mtls.crl must be revocation lists in PEM (-----BEGIN X509 CRL-----), got one that is cut off",
      ],
    ],
    [
      "an issuer that has expired",
      {
        key: chained.key,
        cert: chained.cert + createCertificate("localhost", { key: good.key, days: [-9, -1] }).cert,
      },
      ["cert must have an issuer that is valid now, got one that expired on"],
    ],
    [
      "a certificate for one name as a wildcard",
      { key: good.key, cert: good.cert, names: { "*.example.com": any } },
      ['names["*.example.com"].cert must be valid for the name that it is given for'],
    ],
    [
      "intermediate authorities, with which no client is accepted",
      { key: good.key, cert: good.cert, mtls: { ca: intermediate.cert } },
      ["mtls.ca must hold the root authority too, got intermediate ones only"],
    ],
    [
      "a text that was damaged",
      { key: good.key.replace("MI", "IM"), cert: good.cert.replace("MII", "IIM") },
      [
        "key must be a private key in PEM (-----BEGIN PRIVATE KEY-----)",
        "cert must be certificates in PEM: number 1 of 1 cannot be parsed",
      ],
    ],
    [
      "variables that are not set",
      { key: undefined, cert: undefined },
      [
        "key must not be undefined: is it read from a variable that is not set? Else leave the option out",
        "cert must not be undefined: is it read from a variable that is not set? Else leave the option out",
      ],
    ],
    [
      "nothing",
      {},
      [
        "keyFile must be the path of a file in PEM, got undefined: it is required, or key in its place",
        "certFile must be the path of a file in PEM, got undefined: it is required, or cert in its place",
      ],
    ],
    [
      "both of one",
      { keyFile: "a", key: good.key, cert: good.cert },
      ["keyFile must be left out beside key"],
    ],
    [
      "files that are not there",
      { keyFile: "/none/k", certFile: folder },
      [
        "keyFile must name a file that can be read, got ENOENT",
        "certFile must name a file in PEM, got one that is not a regular file",
      ],
    ],
    [
      "an unknown profile",
      { ...good, name: undefined, serial: undefined, profile: "modrn" },
      ['profile must be one of "intermediate", "modern", got "modrn": did you mean "modern"?'],
    ],
    [
      "reload without files",
      { key: good.key, cert: good.cert, reload: { interval: "5m" } },
      ["reload must be left out without files: nothing changes by itself"],
    ],
    [
      "a name that the certificate is not for",
      {
        key: good.key,
        cert: good.cert,
        names: { "api.example.com": { key: good.key, cert: good.cert } },
      },
      ['names["api.example.com"].cert must be valid for the name that it is given for'],
    ],
    [
      "names that no client asks for",
      {
        key: good.key,
        cert: good.cert,
        names: { "https://api.example.com": {}, "API.example.com": {}, "*": {} },
      },
      [
        'names must have host names in lower case, such as "api.example.com" or "*.example.com", got a string of 23 characters',
        'names must have host names in lower case, such as "api.example.com" or "*.example.com", got a string of 15 characters',
        'names must have host names in lower case, such as "api.example.com" or "*.example.com", got a string of 1 characters',
      ],
    ],
    [
      "a short ticket secret",
      { key: good.key, cert: good.cert, tickets: { secret: "zq9SECRETzq9" } },
      [
        `tickets.secret must be a string or Buffer of at least 32 bytes, got a string of 12 characters: what node -p "crypto.randomBytes(32).toString('base64')" prints is one`,
      ],
    ],
    [
      "client certificates of nobody",
      { key: good.key, cert: good.cert, mtls: {} },
      [
        "mtls.caFile must be the path of a file in PEM, got undefined: it is required, or ca in its place",
      ],
    ],
    [
      "authorities that are none",
      { key: good.key, cert: good.cert, mtls: { ca: chained.cert, crl: good.cert } },
      [
        "mtls.ca must be certificates of authorities, got another one as number 1",
        "mtls.crl must be revocation lists in PEM (-----BEGIN X509 CRL-----)",
      ],
    ],
    [
      "a revocation list that is damaged",
      {
        key: good.key,
        cert: good.cert,
        mtls: {
          ca: good.cert,
          crl: "-----BEGIN X509 CRL-----\nMAAA\n-----END X509 CRL-----\n",
        },
      },
      [
        "mtls.crl must be revocation lists in PEM (-----BEGIN X509 CRL-----), got one that cannot be parsed",
      ],
    ],
    [
      "authorities that have expired",
      {
        key: good.key,
        cert: good.cert,
        mtls: { ca: createCertificate("old", { isAuthority: true, days: [-9, -1] }).cert },
      },
      ["mtls.ca must have an authority that is valid now, got expired ones only"],
    ],
    [
      "options of Node.js that the profile decides",
      { key: good.key, cert: good.cert, rejectUnauthorized: false, minVersion: "TLSv1" },
      [
        'must not have an option "rejectUnauthorized": write mtls: { caFile } where it says whose certificates count',
        'must not have an option "minVersion": leave it out, the profile says it',
      ],
    ],
  ])("%s", (_what, options, problems) => {
    const found = problemsOf(options);
    const told = found.map((problem) =>
      problem.replace(/^createSecureServer[. ]/, "").replace(/(?<=expired on) [\d-]+$/, ""),
    );
    expect(told).toEqual(problems);
    // What fails in OpenSSL can leave an error there, which the next call would be blamed for.
    expect(() => createPrivateKey(good.key)).not.toThrow();
    expect(found.join()).not.toMatch(/zq9SECRET|privkey|MIG/);
  });

  it("no app, and says how it is called", () => {
    expect(problemsOf({ key: good.key, cert: good.cert }, null)).toEqual([
      'createSecureServer must get the app first, got null: write createSecureServer(app, { keyFile: "privkey.pem", certFile: "fullchain.pem" }).listen(443)',
    ]);
  });

  it("all of it in one error", () => {
    const expired = createCertificate("x", { days: [-9, -1], key: createKey("rsa", 1024) });
    expect(
      problemsOf({ key: good.key, cert: expired.cert, profile: "old", mtls: { ca: "x" } }),
    ).toHaveLength(5);
  });
});

function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}
