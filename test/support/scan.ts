import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { Credentials } from "../../src/cli/scan/client/probe-client.js";
import { readTarget } from "../../src/cli/scan/client/scan-target.js";
import type { ScanReport } from "../../src/cli/scan/report/scan-report.js";
import { type ScanSettings, scanApi } from "../../src/cli/scan/scan-api.js";
import { tlsOptions } from "../../src/server/tls-options.js";
import { createCertificate, createKey } from "./certificates.js";

/** A server that listens. */
export interface Served {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** An RSA key, because only with one there are suites without forward secrecy. */
export const RSA: ServerOptions = (({ key, cert }) => ({ key, cert }))(
  createCertificate("localhost", { key: createKey("rsa") }),
);
const SECURE: ServerOptions = { ...RSA, ...tlsOptions("intermediate") };

/** Serves an app on a free port of this machine. */
export async function serve(
  app: RequestListener,
  scheme: "http" | "https" = "http",
  tls: ServerOptions = SECURE,
): Promise<Served> {
  const server: Server = scheme === "http" ? createServer(app) : createTlsServer(tls, app);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://localhost:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Scans a URL of this machine. */
export function scan(
  url: string,
  settings: Partial<ScanSettings> = {},
  credentials?: Credentials,
  auditTls?: Parameters<typeof scanApi>[2],
): Promise<ScanReport> {
  const target = readTarget(url, []);
  const usual = { paths: [], origin: undefined, httpPort: undefined, waitMs: 0 };
  return scanApi({ ...usual, target, ...settings }, credentials, auditTls);
}

/** Serves, scans and closes. */
export async function scanOf(
  app: RequestListener,
  settings: Partial<ScanSettings> & {
    readonly path?: string;
    readonly scheme?: "http" | "https";
  } = {},
  credentials?: Credentials,
): Promise<ScanReport> {
  const { path = "", scheme = "http", ...rest } = settings;
  const served = await serve(app, scheme);
  try {
    return await scan(served.url + path, rest, credentials);
  } finally {
    await served.close();
  }
}

/** The rules that found something, in alphabetical order. */
export function rulesOf({ findings }: ScanReport): readonly string[] {
  return findings.map(({ rule }) => rule).sort();
}
