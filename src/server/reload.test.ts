import { X509Certificate } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createCertificate,
  createKey,
  createRevocationList,
  type TestCertificate,
} from "../../test/support/certificates.js";
import { end, handshake, listen } from "../../test/support/tls.js";
import { createSecureServer, type SecureServer } from "./create-secure-server.js";
import type { SecureServerOptions } from "./secure-server-options.js";
import { TLS_CHANNEL, type TlsEvent } from "./tls/tls-events.js";

const app = (_req: unknown, res: { end(text: string): void }) => res.end("hello");
const MINUTE = 60_000;
const events: TlsEvent[] = [];
const note = (event: unknown) => void events.push(event as TlsEvent);

let folder: string;
let servers: SecureServer[];
let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "express-secure-api-reload-"));
  servers = [];
  events.length = 0;
  channel(TLS_CHANNEL).subscribe(note);
  warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined) as never;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});

afterEach(async () => {
  channel(TLS_CHANNEL).unsubscribe(note);
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(servers.map(end));
  rmSync(folder, { recursive: true });
});

/** Writes both files in place, as `cp` does. */
function write({ key, cert }: TestCertificate): void {
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "cert.pem"), cert);
}

async function start(
  options: Partial<SecureServerOptions> = {},
): Promise<{ readonly server: SecureServer; readonly port: number }> {
  const server = createSecureServer(app as never, {
    ...(options.key === undefined && {
      keyFile: join(folder, "key.pem"),
      certFile: join(folder, "cert.pem"),
    }),
    ...options,
  });
  servers.push(server);
  return { server, port: await listen(server) };
}

/** Lets an interval pass, and waits for what the server makes of it: reloads wait for one another. */
async function look(server: SecureServer): Promise<void> {
  vi.advanceTimersByTime(MINUTE);
  const before = events.length;
  await server.reload().catch(() => undefined);
  // What the reload itself has told.
  if (events.at(-1)?.event === "tls.reload_failed" && events.length > before) events.pop();
}

async function shown(port: number, known: readonly TestCertificate[]): Promise<string | undefined> {
  const { fingerprint256 } = await handshake(port);
  return known.find(({ cert }) => new X509Certificate(cert).fingerprint256 === fingerprint256)
    ?.name;
}

describe("createSecureServer with files", () => {
  it("takes renewed ones within a minute, and tells it", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    write(first);
    const { server, port } = await start();
    expect(await shown(port, [first, second])).toBe("first");
    write(second);
    vi.advanceTimersByTime(MINUTE);
    await vi.waitFor(() => expect(events).toHaveLength(1));
    expect(await shown(port, [first, second])).toBe("second");
    expect(events).toEqual([
      {
        event: "tls.reloaded",
        certificates: [
          {
            name: undefined,
            subjectAltName: "DNS:localhost, IP Address:127.0.0.1",
            fingerprint256: new X509Certificate(second.cert).fingerprint256,
            validFrom: expect.stringMatching(/Z$/),
            validTo: expect.stringMatching(/Z$/),
          },
        ],
      },
    ]);
    await look(server);
    expect(events).toHaveLength(1);
    expect(warn).not.toHaveBeenCalled();
  });

  it("takes files that are renamed into place", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    write(first);
    const { server, port } = await start();
    for (const [name, text] of [
      ["key.pem", second.key],
      ["cert.pem", second.cert],
    ] as const) {
      writeFileSync(join(folder, `${name}.new`), text);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    }
    await look(server);
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("takes links of certbot that lead to other files", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    for (const [index, { key, cert }] of [first, second].entries()) {
      writeFileSync(join(folder, `privkey${index}.pem`), key);
      writeFileSync(join(folder, `fullchain${index}.pem`), cert);
    }
    const link = (name: string, target: string) => {
      symlinkSync(target, join(folder, `${name}.new`));
      renameSync(join(folder, `${name}.new`), join(folder, name));
    };
    link("key.pem", "privkey0.pem");
    link("cert.pem", "fullchain0.pem");
    const { server, port } = await start();
    link("key.pem", "privkey1.pem");
    link("cert.pem", "fullchain1.pem");
    await look(server);
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("takes the folder that Kubernetes puts in place of another one", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    for (const { name, key, cert } of [first, second]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "key.pem"), key);
      writeFileSync(join(folder, name, "cert.pem"), cert);
    }
    symlinkSync("first", join(folder, "..data"));
    symlinkSync("..data/key.pem", join(folder, "key.pem"));
    symlinkSync("..data/cert.pem", join(folder, "cert.pem"));
    const { server, port } = await start();
    symlinkSync("second", join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    await look(server);
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("keeps the old ones while only one of two is written, and says nothing of it", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    write(first);
    const { server, port } = await start();
    writeFileSync(join(folder, "key.pem"), second.key);
    await look(server);
    expect(await shown(port, [first, second])).toBe("first");
    writeFileSync(join(folder, "cert.pem"), second.cert.slice(0, 200));
    await look(server);
    expect(await shown(port, [first, second])).toBe("first");
    writeFileSync(join(folder, "cert.pem"), second.cert);
    await look(server);
    expect(await shown(port, [first, second])).toBe("second");
    expect(warn).not.toHaveBeenCalled();
    expect(events.map(({ event }) => event)).toEqual(["tls.reloaded"]);
  });

  it.each<[string, (second: TestCertificate) => TestCertificate, string]>([
    [
      "an RSA key with an EC certificate",
      (second) => ({ ...second, key: createKey("rsa") }),
      "createSecureServer.certFile must belong to the private key, got a certificate of another key",
    ],
    [
      "an expired certificate",
      () => createCertificate("x", { days: [-9, -1] }),
      "createSecureServer.certFile must be valid now, got one that expired on",
    ],
    [
      "no certificate",
      (second) => ({ ...second, cert: "" }),
      "createSecureServer.certFile must be certificates in PEM",
    ],
  ])("keeps the old ones in place of %s, and warns once", async (_what, broken, problem) => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    write(first);
    const { server, port } = await start();
    write(broken(second));
    for (let looks = 0; looks < 4; looks += 1) await look(server);
    expect(await shown(port, [first, second])).toBe("first");
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(
        `createSecureServer: the files have changed, but cannot be used. The certificate of before stays in use. ${problem}`,
      ),
      { code: "EXPRESS_SECURE_API_TLS_RELOAD_FAILED" },
    );
    expect(events).toEqual([
      { event: "tls.reload_failed", problems: [expect.stringContaining(problem)] },
    ]);
    // Repaired, it is taken; broken in the same way again, it is told again.
    write(second);
    await look(server);
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("keeps the old ones when the files are gone", async () => {
    const first = createCertificate("first");
    write(first);
    const { server, port } = await start();
    rmSync(join(folder, "key.pem"));
    await look(server);
    await look(server);
    expect(await shown(port, [first])).toBe("first");
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining(
        "createSecureServer.keyFile must name a file that can be read, got ENOENT",
      ),
      expect.anything(),
    );
    await expect(server.reload()).rejects.toThrow("keyFile must name a file");
  });

  it("renews the others while one that stays as it is has expired", async () => {
    const old = createCertificate("old", { names: ["old.test"], days: [-1, 1 / 24] });
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    writeFileSync(join(folder, "old.key"), old.key);
    writeFileSync(join(folder, "old.pem"), old.cert);
    write(first);
    const names = {
      "old.test": { keyFile: join(folder, "old.key"), certFile: join(folder, "old.pem") },
    };
    const { server, port } = await start({ names });
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 2 * 60 * MINUTE);
    write(second);
    await expect(server.reload()).resolves.toMatchObject({ changed: true });
    expect(await shown(port, [first, second])).toBe("second");
    // What is new must be in its time.
    writeFileSync(join(folder, "old.pem"), `${old.cert}\n`);
    await expect(server.reload()).rejects.toThrow("must be valid now, got one that expired on");
  });

  it("reads files to their end, also those that tell no size", async () => {
    const first = createCertificate("first");
    write({ ...first, cert: first.cert + "# nothing\n".repeat(20_000) });
    const { server } = await start();
    await expect(server.reload()).resolves.toMatchObject({ changed: false });
    write({ ...first, cert: first.cert + "# nothing\n".repeat(200_000) });
    await expect(server.reload()).rejects.toThrow("got one that is larger than 1 MB");
  });

  it("reads them when it is asked to, and only then with reload: false", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    write(first);
    const { server, port } = await start({ reload: false });
    write(second);
    vi.advanceTimersByTime(60 * MINUTE);
    await new Promise((done) => setTimeout(done, 50));
    expect(await shown(port, [first, second])).toBe("first");
    await expect(server.reload()).resolves.toMatchObject({ changed: true });
    await expect(server.reload()).resolves.toMatchObject({ changed: false });
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("changes the certificates of names as well", async () => {
    const [api, next] = [1, 2].map(() => createCertificate("api", { names: ["api.test"] }));
    if (api === undefined || next === undefined) throw new Error("both are there");
    write(api);
    const main = createCertificate("main");
    const { server, port } = await start({
      ...pem(main),
      names: {
        "api.test": { keyFile: join(folder, "key.pem"), certFile: join(folder, "cert.pem") },
      },
    });
    write(next);
    await look(server);
    const { fingerprint256 } = await handshake(port, { servername: "api.test" });
    expect(fingerprint256).toBe(new X509Certificate(next.cert).fingerprint256);
  });

  it("stops to look when it is closed", async () => {
    write(createCertificate("first"));
    const { server } = await start();
    expect(vi.getTimerCount()).toBe(1);
    await end(server);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["is told of once less than a quarter of the time is left", [-80, 10], 1],
    ["is not told of while renewal is due", [-60, 30], 0],
  ] as const)("a certificate %s", async (_when, days, times) => {
    write(createCertificate("first", { days }));
    const { server } = await start();
    await look(server);
    await look(server);
    expect(warn).toHaveBeenCalledTimes(times);
    if (times === 0) return;
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/^createSecureServer: the certificate expires soon, at .* \(9 days\)/),
      { code: "EXPRESS_SECURE_API_TLS_EXPIRES_SOON" },
    );
    expect(events).toEqual([{ event: "tls.expires_soon", certificate: expect.anything() }]);
  });
});

describe("createSecureServer with PEM", () => {
  it("takes a new certificate from the app", async () => {
    const [first, second] = [createCertificate("first"), createCertificate("second")];
    const { server, port } = await start({
      ...pem(first),
    });
    await expect(server.reload(pem(second))).resolves.toMatchObject({ changed: true });
    expect(await shown(port, [first, second])).toBe("second");
    await expect(server.reload({ ...pem(second), key: first.key })).rejects.toThrow(
      "createSecureServer.cert must belong to the private key",
    );
    await expect(server.reload({ key: "zq9SECRETzq9" } as never)).rejects.toThrow(
      "server.reload.key must be a text in PEM (-----BEGIN …), got another text",
    );
    expect(await shown(port, [first, second])).toBe("second");
  });

  it("does not take nothing for no argument", async () => {
    const { server } = await start(pem(createCertificate("first")));
    for (const nothing of [undefined, null])
      await expect(server.reload(nothing as never)).rejects.toThrow(
        "server.reload must be an options object",
      );
  });

  it("takes none beside files", async () => {
    const first = createCertificate("first");
    write(first);
    const { server } = await start();
    await expect(server.reload(pem(first))).rejects.toThrow(
      "server.reload must be called without options: the server reads its files again",
    );
  });
});

describe("after a reload", () => {
  const authority = createCertificate("private authority", { isAuthority: true });
  const stranger = createCertificate("another authority", { isAuthority: true });
  const ours = createCertificate("alice", { issuer: authority });
  const theirs = createCertificate("mallory", { issuer: stranger });

  it("the clients of the private authority are accepted, and those of others refused", async () => {
    write(createCertificate("first"));
    const { server, port } = await start({ mtls: { ca: authority.cert } });
    for (let round = 0; round < 2; round += 1) {
      expect((await handshake(port, pem(ours))).protocol).toBe("TLSv1.3");
      await expect(handshake(port, pem(theirs))).rejects.toThrow();
      await expect(handshake(port)).rejects.toThrow();
      const tls12 = { maxVersion: "TLSv1.2" } as const;
      expect((await handshake(port, { ...pem(ours), ...tls12 })).protocol).toBe("TLSv1.2");
      await expect(handshake(port, { ...pem(theirs), ...tls12 })).rejects.toThrow();
      write(createCertificate("second"));
      await expect(server.reload()).resolves.toMatchObject({ changed: true });
    }
  });

  it("TLS 1.3 only stays TLS 1.3 only", async () => {
    write(createCertificate("first"));
    const { server, port } = await start({ profile: "modern" });
    for (let round = 0; round < 2; round += 1) {
      expect((await handshake(port)).protocol).toBe("TLSv1.3");
      await expect(handshake(port, { maxVersion: "TLSv1.2" })).rejects.toThrow();
      write(createCertificate("second"));
      await expect(server.reload()).resolves.toMatchObject({ changed: true });
    }
  });

  it("static RSA key exchange stays refused", async () => {
    write(createCertificate("first", { key: createKey("rsa") }));
    const { server, port } = await start();
    const old = { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" } as const;
    await expect(handshake(port, old)).rejects.toThrow();
    write(createCertificate("second", { key: createKey("rsa") }));
    await expect(server.reload()).resolves.toMatchObject({ changed: true });
    await expect(handshake(port, old)).rejects.toThrow();
    expect((await handshake(port, { maxVersion: "TLSv1.2" })).cipher).toMatch(/^ECDHE-RSA/);
  });

  it("sessions of before resume, unless other client certificates are accepted", async () => {
    write(createCertificate("first"));
    const crlFile = join(folder, "crl.pem");
    writeFileSync(crlFile, createRevocationList(authority, []));
    const { server, port } = await start({ mtls: { ca: authority.cert, crlFile } });
    const tls12 = { maxVersion: "TLSv1.2", ...pem(ours) } as const;
    const { session } = await handshake(port, tls12);
    write(createCertificate("second"));
    await server.reload();
    expect((await handshake(port, { ...tls12, session })).resumed).toBe(true);
    writeFileSync(crlFile, createRevocationList(authority, [ours]));
    await expect(server.reload()).resolves.toMatchObject({ changed: true });
    await expect(handshake(port, { ...tls12, session })).rejects.toThrow();
    expect(readFileSync(crlFile, "utf8")).toContain("CRL");
  });
});

function pem({ key, cert }: TestCertificate): { readonly key: string; readonly cert: string } {
  return { key, cert };
}
