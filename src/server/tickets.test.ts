import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCertificate } from "../../test/support/certificates.js";
import { end, handshake, listen } from "../../test/support/tls.js";
import { createSecureServer, type SecureServer } from "./create-secure-server.js";
import type { SecureServerOptions } from "./secure-server-options.js";

const { key, cert } = createCertificate("localhost");
const HOUR = 3_600_000;
const tls12 = { maxVersion: "TLSv1.2" } as const;
let servers: SecureServer[] = [];

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }));
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.map(end));
  servers = [];
});

async function serve(
  tickets?: SecureServerOptions["tickets"],
): Promise<{ readonly server: SecureServer; readonly port: number }> {
  const server = createSecureServer((_req, res) => void res.end("hello"), { key, cert, tickets });
  servers.push(server);
  return { server, port: await listen(server) };
}

describe("session tickets", () => {
  it("resume sessions until their keys are replaced, after 12 hours", async () => {
    // The begin of a period.
    vi.setSystemTime(Math.ceil(Date.now() / (12 * HOUR)) * 12 * HOUR);
    const { port } = await serve();
    const { session } = await handshake(port, tls12);
    await vi.advanceTimersByTimeAsync(12 * HOUR - 1000);
    expect((await handshake(port, { ...tls12, session })).resumed).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await handshake(port, { ...tls12, session })).resumed).toBe(false);
    const next = await handshake(port, tls12);
    expect((await handshake(port, { ...tls12, session: next.session })).resumed).toBe(true);
    await vi.advanceTimersByTimeAsync(12 * HOUR);
    expect((await handshake(port, { ...tls12, session: next.session })).resumed).toBe(false);
  });

  it("resume at every process that has the secret, and at no other", async () => {
    const secret = "zq9SECRETzq9zq9SECRETzq9zq9SECRETzq9";
    const { port } = await serve({ secret });
    const { session } = await handshake(port, tls12);
    const [same, another, random] = [
      await serve({ secret: Buffer.from(secret) }),
      await serve({ secret: `${secret}!` }),
      await serve(),
    ];
    expect((await handshake(same.port, { ...tls12, session })).resumed).toBe(true);
    expect((await handshake(another.port, { ...tls12, session })).resumed).toBe(false);
    expect((await handshake(random.port, { ...tls12, session })).resumed).toBe(false);
    await vi.advanceTimersByTimeAsync(12 * HOUR);
    expect((await handshake(same.port, { ...tls12, session })).resumed).toBe(false);
    const later = await handshake(same.port, tls12);
    expect((await handshake(port, { ...tls12, session: later.session })).resumed).toBe(true);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "are not sent with tickets: false (%s)",
    async (maxVersion) => {
      const { port } = await serve(false);
      const { session } = await handshake(port, { maxVersion });
      expect((await handshake(port, { maxVersion, session })).resumed).toBe(false);
    },
  );

  it("need no timer while the server is closed", async () => {
    const { server } = await serve();
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    const before = vi.getTimerCount();
    await end(server);
    expect(vi.getTimerCount()).toBeLessThan(before);
  });
});
