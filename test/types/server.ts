import { createServer, type Server } from "node:https";
import express from "express";
import {
  auditTls,
  type ClientCertificate,
  createSecureServer,
  getClientCertificate,
  TLS_CHANNEL,
  type TlsEvent,
  type TlsOptions,
  type TlsReload,
  tlsOptions,
} from "express-secure-api/server";
import { assertType, type Equal } from "./equal.js";

const options: TlsOptions = tlsOptions("modern");
createServer({ ...tlsOptions(), key: "", cert: "" });
export const version: "TLSv1.2" | "TLSv1.3" = options.minVersion;
export const channel: string = TLS_CHANNEL;

// @ts-expect-error Mozilla's guideline has no such profile any more
tlsOptions("old");
// @ts-expect-error the values are those of the guideline
options.ciphers = "ALL";

const app = express();
const server = createSecureServer(app, { keyFile: "key.pem", certFile: "cert.pem" });
export const plain: Server = server.listen(8443);
export const reloaded: Promise<TlsReload> = server.reload();
void server.reload({ key: "", cert: Buffer.from("") });
createSecureServer(app, {
  key: "",
  cert: "",
  names: { "api.example.com": { keyFile: "key.pem", certFile: "cert.pem" } },
  mtls: { caFile: "ca.pem", required: false },
  tickets: { secret: "" },
  reload: { interval: "5m" },
});
createSecureServer(app, { key: "", cert: "", reload: false, tickets: false });

// @ts-expect-error the app comes first
createSecureServer({ keyFile: "key.pem", certFile: "cert.pem" });
// @ts-expect-error a duration has a unit
createSecureServer(app, { keyFile: "k", certFile: "c", reload: { interval: 60 } });
// @ts-expect-error whose certificates count must be said
createSecureServer(app, { keyFile: "k", certFile: "c", mtls: true });
// @ts-expect-error the profile decides
createSecureServer(app, { keyFile: "k", certFile: "c", ciphers: "ALL" });
// @ts-expect-error key and certificate belong together
void server.reload({ key: "" });

app.get("/", (req, res) => {
  const certificate = getClientCertificate(req);
  assertType<Equal<typeof certificate, ClientCertificate | undefined>>();
  res.json({ name: certificate?.subject["CN"], names: certificate?.subjectAltNames });
});

export async function audited(): Promise<boolean> {
  const { forwardSecrecy, suites, findings } = await auditTls("127.0.0.1", 8443);
  const [suite = ""] = suites["TLSv1.2"] ?? [];
  // @ts-expect-error no such finding
  if (findings.some(({ code }) => code === "bad_luck")) return false;
  return forwardSecrecy && suite.startsWith("ECDHE");
}

export function textOf(event: TlsEvent): string {
  if (event.event === "tls.reloaded") return String(event.certificates[0]?.validTo);
  if (event.event === "tls.expires_soon") return event.certificate.fingerprint256;
  return event.problems.join();
}
