import { execFileSync } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCertificate, type TestCertificate } from "../../test/support/certificates.js";
import { end, handshake, listen } from "../../test/support/tls.js";
import { createSecureServer, type SecureServer } from "./create-secure-server.js";
import { TLS_CHANNEL, type TlsEvent } from "./tls/tls-events.js";

// A network file system whose server is gone: the call neither succeeds nor fails.
vi.mock("node:fs/promises", async (importOriginal) => {
  const files = await importOriginal<typeof import("node:fs/promises")>();
  return { ...files, open: vi.fn(files.open) };
});

const app = (_req: unknown, res: { end(text: string): void }) => res.end("hello");
const HANGS =
  "createSecureServer.certFile must name a file that can be read, got no answer within 10 seconds";
const events: TlsEvent[] = [];
const note = (event: unknown) => void events.push(event as TlsEvent);

let folder: string;
let server: SecureServer;
let port: number;
let warn: ReturnType<typeof vi.spyOn>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "express-secure-api-hanging-"));
  events.length = 0;
  channel(TLS_CHANNEL).subscribe(note);
  warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined) as never;
  write(createCertificate("first"));
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] });
  server = createSecureServer(app as never, {
    keyFile: join(folder, "key.pem"),
    certFile: join(folder, "cert.pem"),
  });
  port = await listen(server);
});

afterEach(async () => {
  channel(TLS_CHANNEL).unsubscribe(note);
  vi.useRealTimers();
  vi.mocked(open).mockReset();
  vi.restoreAllMocks();
  await end(server);
  rmSync(folder, { recursive: true });
});

function write({ key, cert }: TestCertificate): void {
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "cert.pem"), cert);
}

/** Lets the next look at the certificate hang, until the function is called. */
async function hang(): Promise<() => void> {
  const { open: real } =
    await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
  let release: () => void = () => undefined;
  const released = new Promise<void>((done) => {
    release = done;
  });
  let hung = false;
  vi.mocked(open).mockImplementation(async (...given) => {
    if (String(given[0]).endsWith("cert.pem") && !hung) {
      hung = true;
      await released;
    }
    return await real(...given);
  });
  return release;
}

describe("createSecureServer beside a file system that hangs", () => {
  it("gives up a reload, keeps the certificate and tells it", async () => {
    const release = await hang();
    const before = (await handshake(port)).fingerprint256;
    write(createCertificate("second"));
    const reload = expect(server.reload()).rejects.toThrow(HANGS);
    await vi.waitFor(() => expect(open).toHaveBeenCalledTimes(2));
    await vi.advanceTimersByTimeAsync(10_000);
    await reload;
    expect(events).toEqual([{ event: "tls.reload_failed", problems: [HANGS] }]);
    expect((await handshake(port)).fingerprint256).toBe(before);
    // Meanwhile it fails at once, and begins nothing that could hang as well.
    await expect(server.reload()).rejects.toThrow(HANGS);
    expect(open).toHaveBeenCalledTimes(2);
    release();
    await vi.waitFor(() => expect(server.reload()).resolves.toMatchObject({ changed: true }));
    expect((await handshake(port)).fingerprint256).not.toBe(before);
  });

  it("warns at the second look, and takes new files once it answers again", async () => {
    const release = await hang();
    write(createCertificate("second"));
    await vi.advanceTimersByTimeAsync(60_000);
    await vi.waitFor(() => expect(open).toHaveBeenCalledTimes(2));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(warn).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(HANGS), {
      code: "EXPRESS_SECURE_API_TLS_RELOAD_FAILED",
    });
    expect(open).toHaveBeenCalledTimes(2);
    release();
    await vi.waitFor(() =>
      expect(vi.mocked(open).mock.settledResults.at(-1)?.type).toBe("fulfilled"),
    );
    // To the next look exactly: what it reads comes in real time.
    await vi.advanceTimersByTimeAsync(50_000);
    await vi.waitFor(() => expect(events.at(-1)?.event).toBe("tls.reloaded"));
    expect(warn).toHaveBeenCalledOnce();
  });

  it.skipIf(process.platform === "win32")("does not wait for a pipe", async () => {
    rmSync(join(folder, "cert.pem"));
    execFileSync("mkfifo", [join(folder, "cert.pem")]);
    await expect(server.reload()).rejects.toThrow(
      "certFile must name a file in PEM, got one that is not a regular file",
    );
  });
});
